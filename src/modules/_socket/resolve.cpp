// Names and numbers: hosts, services, protocols, interfaces. The resolver is called detached; glibc's is safe for threads.
#include <arpa/inet.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <unistd.h>

#include <cstdio>
#include <vector>

#include "modules/_socket/socket.h"
#include "modules/sys/sys.h"
#include "objects/bytes_util.h"
#include "objects/codecs.h"

namespace typhon::net {
namespace {

// An addrinfo list that is freed at the end.
struct Answers {
  addrinfo* first = nullptr;
  ~Answers() {
    if (first != nullptr) freeaddrinfo(first);
  }
  Status ask(Thread& t, const char* host, const char* service, const addrinfo& hints) {
    int error, system_error;
    {
      Detached detached(t);
      error = getaddrinfo(host, service, &hints, &first);
      system_error = errno;
    }
    if (error == 0) return ok();
    first = nullptr;
    return raise_gaierror(t, error, system_error);
  }
};

Raised raise_numbered(Thread& t, Type* type, int number, const char* text) {
  RefTo<Str> message = str_from_utf8(t, text);
  if (message.failed()) return {};
  Ref exception = call_with(t, Value(type), Value::small_int(number), message);
  if (exception.failed()) return {};
  return raise_exception(t, std::move(exception));
}
Raised raise_herror(Thread& t, int error) { return raise_numbered(t, g_herror, error, hstrerror(error)); }

// A str argument without NULs, for messages "FUNCTION() argument N must be str, not X".
struct TextArgument {
  Utf8Buffer buffer;
  Ref terminated;
  const char* text = nullptr;
  Status get(Thread& t, Value v, const char* function, int number) {
    if (!is_str(v)) return raise(t, exc::TypeError, "%s() argument %d must be str, not %T", function, number, v);
    Ref bytes = TRY(encode_utf8(t, v.as<Str>()));
    auto* b = bytes.as<Bytes>();
    if (memchr(b->data, 0, b->size) != nullptr) return raise(t, exc::ValueError, "embedded null character");
    text = reinterpret_cast<const char*>(b->data);
    terminated = std::move(bytes);
    return ok();
  }
};

}  // namespace

Raised raise_gaierror(Thread& t, int error, int system_error) {
  if (error == EAI_SYSTEM) return raise_errno(t, system_error);
  return raise_numbered(t, g_gaierror, error, gai_strerror(error));
}

Status HostArgument::get(Thread& t, Value v) {
  if (is_bytes(v)) {
    keep = Ref::copy(v);
  } else if (is_bytearray(v)) {
    ByteView view(t);
    TRY(view.get(v));
    keep = TRY(bytes_from(t, view.data(), view.size()));
  } else if (!is_str(v)) {
    return raise(t, exc::TypeError, "str, bytes or bytearray expected, not %T", v);
  } else if (v.as<Str>()->is_ascii()) {
    keep = TRY(encode_ascii(t, v.as<Str>(), nullptr));
  } else {
    keep = encode_str(t, v.as<Str>(), "idna", nullptr);
    if (keep.failed()) {
      clear_exception(t);
      return raise(t, exc::TypeError, "encoding of hostname failed");
    }
  }
  auto* bytes = keep.as<Bytes>();
  if (memchr(bytes->data, 0, bytes->size) != nullptr) return raise(t, exc::TypeError, "host name must not contain null character");
  name = reinterpret_cast<const char*>(bytes->data);
  return ok();
}

Status resolve_host(Thread& t, const char* name, sockaddr* out, size_t size, int family) {
  auto* four = reinterpret_cast<sockaddr_in*>(out);
  if (name[0] == 0) {
    if (family != AF_INET && family != AF_INET6 && family != AF_UNSPEC) return raise(t, exc::OSError, "unsupported address family");
    Answers answers;
    addrinfo hints = {};
    hints.ai_family = family;
    hints.ai_socktype = SOCK_DGRAM;
    hints.ai_flags = AI_PASSIVE;
    TRY(answers.ask(t, nullptr, "0", hints));
    if (answers.first->ai_next != nullptr) return raise(t, exc::OSError, "wildcard resolved to multiple address");
    memcpy(out, answers.first->ai_addr, answers.first->ai_addrlen < size ? answers.first->ai_addrlen : size);
    return ok();
  }
  if (strcmp(name, "255.255.255.255") == 0 || strcmp(name, "<broadcast>") == 0) {
    if (family != AF_INET && family != AF_UNSPEC) return raise(t, exc::OSError, "address family mismatched");
    four->sin_family = AF_INET;
    four->sin_addr.s_addr = INADDR_BROADCAST;
    return ok();
  }
  if ((family == AF_UNSPEC || family == AF_INET) && inet_pton(AF_INET, name, &four->sin_addr) > 0) {
    four->sin_family = AF_INET;
    return ok();
  }
  auto* six = reinterpret_cast<sockaddr_in6*>(out);
  if ((family == AF_UNSPEC || family == AF_INET6) && size >= sizeof *six && strchr(name, '%') == nullptr &&
      inet_pton(AF_INET6, name, &six->sin6_addr) > 0) {
    six->sin6_family = AF_INET6;
    return ok();
  }
  Answers answers;
  addrinfo hints = {};
  hints.ai_family = family;
  TRY(answers.ask(t, name, nullptr, hints));
  memcpy(out, answers.first->ai_addr, answers.first->ai_addrlen < size ? answers.first->ai_addrlen : size);
  return ok();
}

RefTo<Str> address_text(Thread& t, const sockaddr* address, socklen_t size) {
  char text[INET6_ADDRSTRLEN + IF_NAMESIZE + 2];
  const void* bytes = address->sa_family == AF_INET ? static_cast<const void*>(&reinterpret_cast<const sockaddr_in*>(address)->sin_addr)
                                                    : &reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr;
  (void)size;
  if (inet_ntop(address->sa_family, bytes, text, sizeof text) == nullptr) return raise_errno(t, errno);
  return str_from_ascii(t, text);
}

namespace {

// --- hosts
Ref f_getaddrinfo(Thread& t, Value, const Value* a) {
  Ref host;
  const char* name = nullptr;
  if (is_str(a[0])) {
    host = TRY(encode_str(t, a[0].as<Str>(), "idna", nullptr));
    if (!is_bytes(host)) return raise(t, exc::TypeError, "encoding of hostname failed");
  } else if (is_bytes(a[0])) {
    host = Ref::copy(a[0]);
  } else if (!a[0].is_none()) {
    return raise(t, exc::TypeError, "getaddrinfo() argument 1 must be string or None");
  }
  if (!host.is_empty()) name = reinterpret_cast<const char*>(host.as<Bytes>()->data);

  Ref service;
  const char* port = nullptr;
  if (is_int(a[1])) {
    Ref text = TRY(int_to_str(t, a[1]));
    service = TRY(encode_utf8(t, text.as<Str>()));
  } else if (is_str(a[1])) {
    service = TRY(encode_utf8(t, a[1].as<Str>()));
  } else if (is_bytes(a[1])) {
    service = Ref::copy(a[1]);
  } else if (!a[1].is_none()) {
    return raise(t, exc::OSError, "Int or String expected");
  }
  if (!service.is_empty()) port = reinterpret_cast<const char*>(service.as<Bytes>()->data);

  addrinfo hints = {};
  hints.ai_family = TRY(optional_int(t, a[2], AF_UNSPEC));
  hints.ai_socktype = TRY(optional_int(t, a[3]));
  hints.ai_protocol = TRY(optional_int(t, a[4]));
  hints.ai_flags = TRY(optional_int(t, a[5]));
  if (audit_wanted())
    TRY(audit(t, "socket.getaddrinfo", a[0], a[1], Value::small_int(hints.ai_family), Value::small_int(hints.ai_socktype),
              Value::small_int(hints.ai_protocol)));
  Answers answers;
  TRY(answers.ask(t, name, port, hints));
  RefTo<List> list = TRY(list_new(t));
  for (addrinfo* answer = answers.first; answer != nullptr; answer = answer->ai_next) {
    Ref address = TRY(make_address(t, answer->ai_addr, answer->ai_addrlen, -1));
    Ref canonical = TRY(str_from_utf8(t, answer->ai_canonname != nullptr ? answer->ai_canonname : ""));
    Ref row = TRY(tuple_of(t, Value::small_int(answer->ai_family), Value::small_int(answer->ai_socktype),
                           Value::small_int(answer->ai_protocol), canonical, address));
    TRY(list_append(t, list.get(), std::move(row)));
  }
  return list;
}

// The parts of an Internet address given as a tuple.
struct Endpoint {
  TextArgument host;
  int port;
  u32 flow = 0, scope = 0;
  Status get(Thread& t, Value v) {
    if (!is_tuple(v)) return raise(t, exc::TypeError, "getnameinfo() argument 1 must be a tuple");
    auto* tuple = v.as<Tuple>();
    constexpr const char* kIllegal = "getnameinfo(): illegal sockaddr argument";
    if (tuple->size < 2 || tuple->size > 4 || !is_str(tuple->items[0].peek())) return raise(t, exc::TypeError, "%s", kIllegal);
    TRY(host.get(t, tuple->items[0].peek(), "getnameinfo", 1));
    port = TRY(int_argument(t, tuple->items[1].peek()));
    if (tuple->size > 2) flow = TRY(word_argument(t, tuple->items[2].peek()));
    if (tuple->size > 3) scope = TRY(word_argument(t, tuple->items[3].peek()));
    if (flow > 0xfffff) return raise(t, exc::OverflowError, "getnameinfo(): flowinfo must be 0-1048575.");
    return ok();
  }
};

Ref f_getnameinfo(Thread& t, Value, const Value* a) {
  if (!is_tuple(a[0])) return raise(t, exc::TypeError, "getnameinfo() argument 1 must be a tuple");
  int flags = TRY(int_argument(t, a[1]));
  Endpoint endpoint;
  TRY(endpoint.get(t, a[0]));
  if (audit_wanted()) TRY(audit(t, "socket.getnameinfo", a[0]));
  char port[32];
  snprintf(port, sizeof port, "%d", endpoint.port);
  Answers answers;
  addrinfo hints = {};
  hints.ai_socktype = SOCK_DGRAM;  // one answer per address
  hints.ai_flags = AI_NUMERICHOST;
  TRY(answers.ask(t, endpoint.host.text, port, hints));
  addrinfo* found = answers.first;
  if (found->ai_next != nullptr) return raise(t, exc::OSError, "sockaddr resolved to multiple addresses");
  if (found->ai_family == AF_INET && a[0].as<Tuple>()->size != 2) return raise(t, exc::OSError, "IPv4 sockaddr must be 2 tuple");
  if (found->ai_family == AF_INET6) {
    auto* six = reinterpret_cast<sockaddr_in6*>(found->ai_addr);
    six->sin6_flowinfo = htonl(endpoint.flow);
    six->sin6_scope_id = endpoint.scope;
  }
  char host[NI_MAXHOST], service[NI_MAXSERV];
  int error, system_error;
  {
    Detached detached(t);
    error = getnameinfo(found->ai_addr, found->ai_addrlen, host, sizeof host, service, sizeof service, flags);
    system_error = errno;
  }
  if (error != 0) return raise_gaierror(t, error, system_error);
  Ref name = TRY(decode_fs(t, host, strlen(host)));
  Ref number = TRY(str_from_utf8(t, service));
  return tuple_of(t, name, number);
}

Ref f_gethostbyname(Thread& t, Value, const Value* a) {
  HostArgument host;
  if (!is_str(a[0]) && !is_bytes(a[0]) && !is_bytearray(a[0]))
    return raise(t, exc::TypeError, "gethostbyname() argument 1 must be str, bytes or bytearray, not %T", a[0]);
  TRY(host.get(t, a[0]));
  if (audit_wanted()) TRY(audit(t, "socket.gethostbyname", a[0]));
  sockaddr_in address = {};
  TRY(resolve_host(t, host.name, reinterpret_cast<sockaddr*>(&address), sizeof address, AF_INET));
  return address_text(t, reinterpret_cast<sockaddr*>(&address), sizeof address);
}

// (name, aliases, addresses)
Ref host_entry(Thread& t, const hostent* entry, int family) {
  if (entry->h_addrtype != family) return raise_errno(t, EAFNOSUPPORT);
  Ref name = TRY(decode_fs(t, entry->h_name, strlen(entry->h_name)));
  RefTo<List> aliases = TRY(list_new(t)), addresses = TRY(list_new(t));
  for (char** alias = entry->h_aliases; alias != nullptr && *alias != nullptr; alias++)
    TRY(list_append(t, aliases.get(), TRY(decode_fs(t, *alias, strlen(*alias)))));
  for (char** bytes = entry->h_addr_list; *bytes != nullptr; bytes++) {
    char text[INET6_ADDRSTRLEN];
    if (inet_ntop(family, *bytes, text, sizeof text) == nullptr) return raise(t, exc::OSError, "unsupported address family");
    TRY(list_append(t, addresses.get(), TRY(str_from_ascii(t, text)).release_ref()));
  }
  return tuple_of(t, name, aliases, addresses);
}
// Calls one of the reentrant host functions with a buffer that is large enough.
template <class F>
Ref ask_host(Thread& t, int family, F ask) {
  std::vector<char> buffer(16384);
  hostent entry;
  hostent* found = nullptr;
  int error = 0;
  while (true) {
    int result;
    {
      Detached detached(t);
      result = ask(&entry, buffer.data(), buffer.size(), &found, &error);
    }
    if (result != ERANGE) break;
    buffer.resize(buffer.size() * 2);
  }
  if (found == nullptr) return raise_herror(t, error);
  return host_entry(t, found, family);
}
Ref f_gethostbyname_ex(Thread& t, Value, const Value* a) {
  HostArgument host;
  if (!is_str(a[0]) && !is_bytes(a[0]) && !is_bytearray(a[0]))
    return raise(t, exc::TypeError, "gethostbyname_ex() argument 1 must be str, bytes or bytearray, not %T", a[0]);
  TRY(host.get(t, a[0]));
  if (audit_wanted()) TRY(audit(t, "socket.gethostbyname", a[0]));
  sockaddr_in address = {};
  TRY(resolve_host(t, host.name, reinterpret_cast<sockaddr*>(&address), sizeof address, AF_INET));
  const char* name = host.name;
  return ask_host(t, AF_INET, [=](hostent* entry, char* buffer, size_t n, hostent** found, int* error) {
    return gethostbyname_r(name, entry, buffer, n, found, error);
  });
}
Ref f_gethostbyaddr(Thread& t, Value, const Value* a) {
  HostArgument host;
  if (!is_str(a[0]) && !is_bytes(a[0]) && !is_bytearray(a[0]))
    return raise(t, exc::TypeError, "gethostbyaddr() argument 1 must be str, bytes or bytearray, not %T", a[0]);
  TRY(host.get(t, a[0]));
  if (audit_wanted()) TRY(audit(t, "socket.gethostbyaddr", a[0]));
  SocketAddress address;
  TRY(resolve_host(t, host.name, &address.any, sizeof address.storage, AF_UNSPEC));
  int family = address.any.sa_family;
  const void* bytes;
  socklen_t size;
  if (family == AF_INET) {
    bytes = &reinterpret_cast<sockaddr_in*>(&address.any)->sin_addr;
    size = sizeof(in_addr);
  } else if (family == AF_INET6) {
    bytes = &reinterpret_cast<sockaddr_in6*>(&address.any)->sin6_addr;
    size = sizeof(in6_addr);
  } else {
    return raise(t, exc::OSError, "unsupported address family");
  }
  return ask_host(t, family, [=](hostent* entry, char* buffer, size_t n, hostent** found, int* error) {
    return gethostbyaddr_r(bytes, size, family, entry, buffer, n, found, error);
  });
}
Ref f_gethostname(Thread& t, Value, const Value*) {
  char name[1024];
  if (audit_wanted()) TRY(audit(t, "socket.gethostname"));
  if (gethostname(name, sizeof name - 1) != 0) return raise_errno(t, errno);
  name[sizeof name - 1] = 0;
  return decode_fs(t, name, strlen(name));
}
Ref f_sethostname(Thread& t, Value, const Value* a) {
  Ref keep = Ref::copy(a[0]);
  if (!is_bytes(keep)) keep = TRY(fs_path_py(t, a[0]));
  if (is_str(keep)) keep = TRY(encode_utf8(t, keep.as<Str>(), "surrogateescape"));
  if (audit_wanted()) TRY(audit(t, "socket.sethostname", a[0]));
  if (sethostname(reinterpret_cast<const char*>(keep.as<Bytes>()->data), keep.as<Bytes>()->size) != 0) return raise_errno(t, errno);
  return Ref::none();
}

// --- services and protocols
Ref f_getservbyname(Thread& t, Value, const Value* a) {
  TextArgument name, protocol;
  TRY(name.get(t, a[0], "getservbyname", 1));
  if (!a[1].is_empty()) TRY(protocol.get(t, a[1], "getservbyname", 2));
  if (audit_wanted()) TRY(audit(t, "socket.getservbyname", a[0], a[1].is_empty() ? Value(empty_str()) : a[1]));
  char buffer[4096];
  servent entry, *found = nullptr;
  {
    Detached detached(t);
    getservbyname_r(name.text, protocol.text, &entry, buffer, sizeof buffer, &found);
  }
  if (found == nullptr) return raise(t, exc::OSError, "service/proto not found");
  return int_from(t, ntohs(u16(found->s_port)));
}
Ref f_getservbyport(Thread& t, Value, const Value* a) {
  int port = TRY(int_argument(t, a[0]));
  TextArgument protocol;
  if (!a[1].is_empty()) TRY(protocol.get(t, a[1], "getservbyport", 2));
  if (port < 0 || port > 0xFFFF) return raise(t, exc::OverflowError, "getservbyport: port must be 0-65535.");
  if (audit_wanted()) TRY(audit(t, "socket.getservbyport", a[0], a[1].is_empty() ? Value(empty_str()) : a[1]));
  char buffer[4096];
  servent entry, *found = nullptr;
  {
    Detached detached(t);
    getservbyport_r(htons(u16(port)), protocol.text, &entry, buffer, sizeof buffer, &found);
  }
  if (found == nullptr) return raise(t, exc::OSError, "port/proto not found");
  return str_from_utf8(t, found->s_name);
}
Ref f_getprotobyname(Thread& t, Value, const Value* a) {
  TextArgument name;
  TRY(name.get(t, a[0], "getprotobyname", 1));
  char buffer[4096];
  protoent entry, *found = nullptr;
  {
    Detached detached(t);
    getprotobyname_r(name.text, &entry, buffer, sizeof buffer, &found);
  }
  if (found == nullptr) return raise(t, exc::OSError, "protocol not found");
  return int_from(t, found->p_proto);
}

// --- byte order
template <class T, T (*convert)(T)>
Ref f_byte_order(Thread& t, Value, const Value* a) {
  Ref number = TRY(to_index(t, a[0]));
  u64 n;
  if (int_sign(number) < 0) return raise(t, exc::ValueError, "Cannot convert negative int");
  if (!int_fits_u64(number, &n) || n > T(~T(0)))
    return raise(t, exc::OverflowError, "Python int too large for C uint%d_t", int(sizeof(T) * 8));
  return int_from(t, i64(convert(T(n))));
}
u16 swap_short(u16 n) { return htons(n); }
u32 swap_long(u32 n) { return htonl(n); }

// --- addresses as text
Ref f_inet_aton(Thread& t, Value, const Value* a) {
  TextArgument text;
  if (!is_str(a[0])) return raise(t, exc::TypeError, "inet_aton() argument must be str, not %T", a[0]);
  TRY(text.get(t, a[0], "inet_aton", 1));
  in_addr address;
  if (inet_aton(text.text, &address) == 0) return raise(t, exc::OSError, "illegal IP address string passed to inet_aton");
  return bytes_from(t, &address, sizeof address);
}
Ref f_inet_ntoa(Thread& t, Value, const Value* a) {
  ByteView view(t);
  TRY(view.get(a[0]));
  if (view.size() != sizeof(in_addr)) return raise(t, exc::OSError, "packed IP wrong length for inet_ntoa");
  char text[INET_ADDRSTRLEN];
  inet_ntop(AF_INET, view.data(), text, sizeof text);
  return str_from_ascii(t, text);
}
Ref f_inet_pton(Thread& t, Value, const Value* a) {
  int family = TRY(int_argument(t, a[0]));
  TextArgument text;
  TRY(text.get(t, a[1], "inet_pton", 2));
  u8 packed[16];
  int result = inet_pton(family, text.text, packed);
  if (result < 0) return raise_errno(t, errno);
  if (result == 0) return raise(t, exc::OSError, "illegal IP address string passed to inet_pton");
  return bytes_from(t, packed, family == AF_INET ? 4 : 16);
}
Ref f_inet_ntop(Thread& t, Value, const Value* a) {
  int family = TRY(int_argument(t, a[0]));
  ByteView view(t);
  TRY(view.get(a[1]));
  if (family != AF_INET && family != AF_INET6) return raise(t, exc::ValueError, "unknown address family %d", family);
  if (view.size() != (family == AF_INET ? 4 : 16)) return raise(t, exc::ValueError, "invalid length of packed IP address string");
  char text[INET6_ADDRSTRLEN];
  if (inet_ntop(family, view.data(), text, sizeof text) == nullptr) return raise_errno(t, errno);
  return str_from_ascii(t, text);
}

// --- interfaces
Ref f_if_nameindex(Thread& t, Value, const Value*) {
  struct List_ {
    struct if_nameindex* rows;
    ~List_() {
      if (rows != nullptr) if_freenameindex(rows);
    }
  } found = {};
  int error = 0;
  {
    Detached detached(t);
    found.rows = ::if_nameindex();
    if (found.rows == nullptr) error = errno;
  }
  if (found.rows == nullptr) return raise_errno(t, error);
  RefTo<List> list = TRY(list_new(t));
  for (struct if_nameindex* row = found.rows; row->if_index != 0; row++) {
    Ref name = TRY(decode_fs(t, row->if_name, strlen(row->if_name)));
    TRY(list_append(t, list.get(), TRY(tuple_of(t, Value::small_int(row->if_index), name)).release_ref()));
  }
  return list;
}
Ref f_if_nametoindex(Thread& t, Value, const Value* a) {
  Ref keep = TRY(fs_path_py(t, a[0]));
  if (is_str(keep)) keep = TRY(encode_utf8(t, keep.as<Str>(), "surrogateescape"));
  auto* bytes = keep.as<Bytes>();
  if (memchr(bytes->data, 0, bytes->size) != nullptr) return raise(t, exc::ValueError, "embedded null byte");
  u32 index = if_nametoindex(reinterpret_cast<const char*>(bytes->data));
  if (index == 0) return raise_errno(t, errno);
  return int_from(t, index);
}
Ref f_if_indextoname(Thread& t, Value, const Value* a) {
  Ref number = TRY(to_index(t, a[0]));
  u64 n;
  if (int_sign(number) < 0) return raise(t, exc::ValueError, "Cannot convert negative int");
  if (!int_fits_u64(number, &n) || n > 0xFFFFFFFF) return raise(t, exc::OverflowError, "Python int too large for C unsigned int");
  char name[IF_NAMESIZE + 1];
  if (if_indextoname(u32(n), name) == nullptr) return raise_errno(t, errno);
  return decode_fs(t, name, strlen(name));
}

}  // namespace

const Method kResolveFunctions[] = {
    method("gethostbyname", f_gethostbyname, "($module, host, /)",
           "gethostbyname(host) -> address\n\nReturn the IP address (a string of the form '255.255.255.255') for a host."),
    method("gethostbyname_ex", f_gethostbyname_ex, "($module, host, /)",
           "gethostbyname_ex(host) -> (name, aliaslist, addresslist)\n\nReturn the true host name, a list of aliases, and a list of IP addresses,\nfor a host."),
    method("gethostbyaddr", f_gethostbyaddr, "($module, host, /)",
           "gethostbyaddr(host) -> (name, aliaslist, addresslist)\n\nReturn the true host name, a list of aliases, and a list of IP addresses,\nfor a host."),
    method("gethostname", f_gethostname, "($module, /)", "gethostname() -> string\n\nReturn the current host name."),
    method("sethostname", f_sethostname, "($module, name, /)", "sethostname(name)\n\nSets the hostname to name."),
    method("getservbyname", f_getservbyname, "($module, servicename, protocolname=<unrepresentable>, /)",
           "getservbyname(servicename[, protocolname]) -> integer\n\nReturn a port number from a service name and protocol name."),
    method("getservbyport", f_getservbyport, "($module, port, protocolname=<unrepresentable>, /)",
           "getservbyport(port[, protocolname]) -> string\n\nReturn the service name from a port number and protocol name."),
    method("getprotobyname", f_getprotobyname, "($module, name, /)",
           "getprotobyname(name) -> integer\n\nReturn the protocol number for the named protocol."),
    method("getaddrinfo", f_getaddrinfo, "($module, /, host, port, family=0, type=0, proto=0, flags=0)",
           "getaddrinfo(host, port [, family, type, proto, flags])\n    -> list of (family, type, proto, canonname, sockaddr)\n\nResolve host and port into addrinfo struct."),
    method("getnameinfo", f_getnameinfo, "($module, sockaddr, flags, /)",
           "getnameinfo(sockaddr, flags) --> (host, port)\n\nGet host and port for a sockaddr."),
    method("ntohs", f_byte_order<u16, swap_short>, "($module, integer, /)", "Convert a 16-bit unsigned integer from network to host byte order."),
    method("ntohl", f_byte_order<u32, swap_long>, "($module, integer, /)", "Convert a 32-bit unsigned integer from network to host byte order."),
    method("htons", f_byte_order<u16, swap_short>, "($module, integer, /)", "Convert a 16-bit unsigned integer from host to network byte order."),
    method("htonl", f_byte_order<u32, swap_long>, "($module, integer, /)", "Convert a 32-bit unsigned integer from host to network byte order."),
    method("inet_aton", f_inet_aton, "($module, ip_addr, /)",
           "Convert an IP address in string format (123.45.67.89) to the 32-bit packed binary format used in low-level network functions."),
    method("inet_ntoa", f_inet_ntoa, "($module, packed_ip, /)", "Convert an IP address from 32-bit packed binary format to string format."),
    method("inet_pton", f_inet_pton, "($module, af, ip, /)",
           "inet_pton(af, ip) -> packed IP address string\n\nConvert an IP address from string format to a packed string suitable\nfor use with low-level network functions."),
    method("inet_ntop", f_inet_ntop, "($module, af, packed_ip, /)",
           "inet_ntop(af, packed_ip) -> string formatted IP address\n\nConvert a packed IP address of the given family to string format."),
    method("if_nameindex", f_if_nameindex, "($module, /)",
           "if_nameindex()\n\nReturns a list of network interface information (index, name) tuples."),
    method("if_nametoindex", f_if_nametoindex, "($module, oname, /)", "Returns the interface index corresponding to the interface name if_name."),
    method("if_indextoname", f_if_indextoname, "($module, if_index, /)", "Returns the interface name corresponding to the interface index if_index."),
    {},
};

}  // namespace typhon::net
