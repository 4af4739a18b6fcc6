// Socket addresses: Python's tuples and paths to the kernel's structures and back, one pair of functions per family.
#include <arpa/inet.h>
#include <linux/can.h>
#include <linux/can/isotp.h>
#include <linux/can/j1939.h>
#include <linux/if_alg.h>
#include <linux/netlink.h>
#include <linux/qrtr.h>
#include <linux/tipc.h>
#include <linux/vm_sockets.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netpacket/packet.h>
#include <sys/ioctl.h>

#include <cstddef>

#include "modules/_socket/socket.h"
#include "objects/bytes_util.h"
#include "objects/codecs.h"

namespace typhon::net {
namespace {

template <class T>
T* as(SocketAddress* address) {
  static_assert(sizeof(T) <= sizeof(sockaddr_storage));
  address->storage = {};
  address->size = sizeof(T);
  return reinterpret_cast<T*>(&address->storage);
}

// The address as a tuple of at least `fewest` and at most `most` items; other tuples get the message `shape`.
Result<Tuple*> tuple_address(Thread& t, Value v, const char* caller, const char* family, u64 fewest, u64 most, const char* shape) {
  if (!is_tuple(v)) return raise(t, exc::TypeError, "%s(): %s address must be tuple, not %T", caller, family, v);
  auto* tuple = v.as<Tuple>();
  if (tuple->size < fewest || tuple->size > most) return raise(t, exc::TypeError, "%s", shape);
  return tuple;
}
Value item(const Tuple* tuple, u64 i) { return i < tuple->size ? tuple->items[i].peek() : EMPTY; }

// A number that must lie in 0..limit; OverflowError "CALLER(): NAME must be 0-LIMIT." otherwise.
Result<u32> bounded(Thread& t, Value v, u32 limit, const char* caller, const char* name) {
  Ref number = TRY(to_index(t, v));
  i64 n;
  if (!int_fits_i64(number, &n) || n < 0 || n > i64(limit))
    return raise(t, exc::OverflowError, "%s(): %s must be 0-%d.", caller, name, int(limit));
  return u32(n);
}

// A str argument of a tuple, NUL-free.
Status text_item(Thread& t, Value v, Utf8Buffer& buffer, std::string_view* text) {
  if (!is_str(v)) return raise(t, exc::TypeError, "argument must be str, not %T", v);
  *text = str_utf8(v.as<Str>(), buffer);
  if (text->find('\0') != text->npos) return raise(t, exc::ValueError, "embedded null character");
  return ok();
}

// --- Unix
Status parse_unix(Thread& t, Value v, SocketAddress* out) {
  Ref keep = Ref::copy(v);
  if (is_str(v)) keep = TRY(encode_utf8(t, v.as<Str>(), "surrogateescape"));
  ByteView path(t);
  TRY(path.get(keep));
  auto* address = as<sockaddr_un>(out);
  // Linux's abstract names start with NUL and end with the address; a path has a NUL behind it.
  bool is_abstract = path.size() == 0 || path.data()[0] == 0;
  if (path.size() + (is_abstract ? 0 : 1) > sizeof address->sun_path) return raise(t, exc::OSError, "AF_UNIX path too long");
  address->sun_family = AF_UNIX;
  memcpy(address->sun_path, path.data(), path.size());
  out->size = socklen_t(offsetof(sockaddr_un, sun_path) + path.size() + (is_abstract ? 0 : 1));
  return ok();
}
Ref make_unix(Thread& t, const sockaddr* any, socklen_t size) {
  auto* address = reinterpret_cast<const sockaddr_un*>(any);
  size_t n = size > offsetof(sockaddr_un, sun_path) ? size - offsetof(sockaddr_un, sun_path) : 0;
  if (n > 0 && address->sun_path[0] == 0) return bytes_from(t, address->sun_path, n);
  return decode_fs(t, address->sun_path, strnlen(address->sun_path, n));
}

// --- Internet
Status parse_inet(Thread& t, Value v, const char* caller, SocketAddress* out) {
  Tuple* tuple = TRY(tuple_address(t, v, caller, "AF_INET", 2, 2, "AF_INET address must be a pair (host, port)"));
  HostArgument host;
  TRY(host.get(t, item(tuple, 0)));
  u32 port = TRY(bounded(t, item(tuple, 1), 0xFFFF, caller, "port"));
  auto* address = as<sockaddr_in>(out);
  TRY(resolve_host(t, host.name, reinterpret_cast<sockaddr*>(address), sizeof *address, AF_INET));
  address->sin_family = AF_INET;
  address->sin_port = htons(u16(port));
  return ok();
}
Status parse_inet6(Thread& t, Value v, const char* caller, SocketAddress* out) {
  Tuple* tuple = TRY(tuple_address(t, v, caller, "AF_INET6", 2, 4,
                                   "AF_INET6 address must be a tuple (host, port[, flowinfo[, scopeid]])"));
  HostArgument host;
  TRY(host.get(t, item(tuple, 0)));
  u32 port = TRY(bounded(t, item(tuple, 1), 0xFFFF, caller, "port"));
  u32 flow = tuple->size > 2 ? TRY(word_argument(t, item(tuple, 2))) : 0;
  u32 scope = tuple->size > 3 ? TRY(word_argument(t, item(tuple, 3))) : 0;
  if (flow > 0xfffff) return raise(t, exc::OverflowError, "%s(): flowinfo must be 0-1048575.", caller);
  auto* address = as<sockaddr_in6>(out);
  TRY(resolve_host(t, host.name, reinterpret_cast<sockaddr*>(address), sizeof *address, AF_INET6));
  address->sin6_family = AF_INET6;
  address->sin6_port = htons(u16(port));
  address->sin6_flowinfo = htonl(flow);
  // resolve_host has found the scope of "fe80::1%eth0"; one that is given by number counts more.
  if (scope != 0) address->sin6_scope_id = scope;
  return ok();
}

// --- pairs of numbers
template <class T, auto First, auto Second>
Status parse_numbers(Thread& t, Value v, const char* caller, const char* family, int number, const char* shape, SocketAddress* out) {
  Tuple* tuple = TRY(tuple_address(t, v, caller, family, 2, 2, shape));
  u32 first = TRY(word_argument(t, item(tuple, 0))), second = TRY(word_argument(t, item(tuple, 1)));
  auto* address = as<T>(out);
  reinterpret_cast<sockaddr*>(address)->sa_family = sa_family_t(number);
  address->*First = first;
  address->*Second = second;
  return ok();
}
template <class T, auto First, auto Second>
Ref make_numbers(Thread& t, const sockaddr* any) {
  auto* address = reinterpret_cast<const T*>(any);
  return tuple_of(t, Value::small_int(address->*First), Value::small_int(address->*Second));
}

// --- packet
// The number of a network interface, by its name.
Result<int> interface_index(Thread& t, int fd, std::string_view name) {
  ifreq request = {};
  memcpy(request.ifr_name, name.data(), name.size() < IFNAMSIZ ? name.size() : IFNAMSIZ - 1);
  if (ioctl(fd, SIOCGIFINDEX, &request) < 0) return raise_errno(t, errno);
  return request.ifr_ifindex;
}
// Its name; "" when it has none.
RefTo<Str> interface_name(Thread& t, int index) {
  char name[IF_NAMESIZE] = "";
  if (index != 0 && if_indextoname(u32(index), name) == nullptr) name[0] = 0;
  return RefTo<Str>::from(decode_fs(t, name, strlen(name)));
}
Status parse_packet(Thread& t, const Socket* s, Value v, const char* caller, SocketAddress* out) {
  Tuple* tuple = TRY(tuple_address(t, v, caller, "AF_PACKET", 2, 5,
                                   "AF_PACKET address must be a tuple of two to five elements"));
  Utf8Buffer buffer;
  std::string_view name;
  TRY(text_item(t, item(tuple, 0), buffer, &name));
  Ref number = TRY(to_index(t, item(tuple, 1)));
  int type = TRY(optional_int(t, item(tuple, 2))), hardware = TRY(optional_int(t, item(tuple, 3)));
  ByteView hardware_address(t);
  if (tuple->size > 4) {
    TRY(hardware_address.get(item(tuple, 4)));
    if (hardware_address.size() > 8) return raise(t, exc::ValueError, "Hardware address must be 8 bytes or less");
  }
  u32 protocol = TRY(bounded(t, number, 0xFFFF, caller, "proto"));
  int index = TRY(interface_index(t, s->fd(), name));
  auto* address = as<sockaddr_ll>(out);
  address->sll_family = AF_PACKET;
  address->sll_protocol = htons(u16(protocol));
  address->sll_ifindex = index;
  address->sll_pkttype = u8(type);
  address->sll_hatype = u16(hardware);
  address->sll_halen = u8(hardware_address.size());
  memcpy(address->sll_addr, hardware_address.data(), hardware_address.size());
  return ok();
}
Ref make_packet(Thread& t, const sockaddr* any) {
  auto* address = reinterpret_cast<const sockaddr_ll*>(any);
  Ref name = TRY(interface_name(t, address->sll_ifindex));
  size_t n = address->sll_halen < sizeof address->sll_addr ? address->sll_halen : sizeof address->sll_addr;
  Ref hardware = TRY(bytes_from(t, address->sll_addr, n));
  return tuple_of(t, name, Value::small_int(ntohs(address->sll_protocol)), Value::small_int(address->sll_pkttype),
                  Value::small_int(address->sll_hatype), hardware);
}

// --- CAN
Status parse_can(Thread& t, const Socket* s, Value v, const char* caller, SocketAddress* out) {
  u64 count = s->protocol == CAN_RAW || s->protocol == CAN_BCM ? 1 : s->protocol == CAN_ISOTP ? 3 : s->protocol == CAN_J1939 ? 4 : 0;
  if (count == 0) return raise(t, exc::OSError, "%s(): unsupported CAN protocol", caller);
  const char* shape = count == 1   ? "AF_CAN address must be a tuple (interface, )"
                      : count == 3 ? "AF_CAN address must be a tuple (interface, rx_addr, tx_addr)"
                                   : "AF_CAN address must be a tuple (interface, name, pgn, addr)";
  Tuple* tuple = TRY(tuple_address(t, v, caller, "AF_CAN", count, count, shape));
  PathArgument name;
  TRY(name.get(t, item(tuple, 0), caller, "interface"));
  u64 numbers[3] = {};
  for (u64 i = 1; i < count; i++) {
    Ref number = TRY(to_index(t, item(tuple, i)));
    numbers[i - 1] = int_low_u64(number);
  }
  int index = 0;  // all interfaces
  if (name.size >= IFNAMSIZ) return raise(t, exc::OSError, "AF_CAN interface name too long");
  if (name.size > 0) index = TRY(interface_index(t, s->fd(), {name.path, name.size}));
  auto* address = as<sockaddr_can>(out);
  address->can_family = AF_CAN;
  address->can_ifindex = index;
  if (count == 3) {
    address->can_addr.tp.rx_id = u32(numbers[0]);
    address->can_addr.tp.tx_id = u32(numbers[1]);
  } else if (count == 4) {
    address->can_addr.j1939.name = numbers[0];
    address->can_addr.j1939.pgn = u32(numbers[1]);
    address->can_addr.j1939.addr = u8(numbers[2]);
  }
  return ok();
}
Ref make_can(Thread& t, const sockaddr* any, int protocol) {
  auto* address = reinterpret_cast<const sockaddr_can*>(any);
  Ref name = TRY(interface_name(t, address->can_ifindex));
  if (protocol == CAN_ISOTP)
    return tuple_of(t, name, Value::small_int(address->can_addr.tp.rx_id), Value::small_int(address->can_addr.tp.tx_id));
  if (protocol == CAN_J1939) {
    Ref id = TRY(int_from_u64(t, address->can_addr.j1939.name));
    return tuple_of(t, name, id, Value::small_int(address->can_addr.j1939.pgn), Value::small_int(address->can_addr.j1939.addr));
  }
  return tuple_of(t, name);
}

// --- TIPC
Status parse_tipc(Thread& t, Value v, const char* caller, SocketAddress* out) {
  Tuple* tuple = TRY(tuple_address(t, v, caller, "AF_TIPC", 4, 5,
                                   "AF_TIPC address must be a tuple (addr_type, v1, v2, v3[, scope])"));
  u32 words[5] = {0, 0, 0, 0, TIPC_CLUSTER_SCOPE};
  for (u64 i = 0; i < tuple->size; i++) words[i] = TRY(word_argument(t, item(tuple, i)));
  auto* address = as<sockaddr_tipc>(out);
  address->family = AF_TIPC;
  address->scope = i8(words[4]);
  address->addrtype = u8(words[0]);
  switch (words[0]) {
    case TIPC_ADDR_NAMESEQ:
      address->addr.nameseq.type = words[1];
      address->addr.nameseq.lower = words[2];
      address->addr.nameseq.upper = words[3];
      return ok();
    case TIPC_ADDR_NAME:
      address->addr.name.name.type = words[1];
      address->addr.name.name.instance = words[2];
      return ok();
    case TIPC_ADDR_ID:
      address->addr.id.node = words[1];
      address->addr.id.ref = words[2];
      return ok();
    default: return raise(t, exc::TypeError, "Invalid address type");
  }
}
Ref make_tipc(Thread& t, const sockaddr* any) {
  auto* address = reinterpret_cast<const sockaddr_tipc*>(any);
  u32 a = 0, b = 0, c = 0;
  switch (address->addrtype) {
    case TIPC_ADDR_NAMESEQ: a = address->addr.nameseq.type, b = address->addr.nameseq.lower, c = address->addr.nameseq.upper; break;
    case TIPC_ADDR_NAME: a = address->addr.name.name.type, b = c = address->addr.name.name.instance; break;
    case TIPC_ADDR_ID: a = address->addr.id.node, b = address->addr.id.ref; break;
    default: return raise(t, exc::ValueError, "Invalid address type");
  }
  return tuple_of(t, Value::small_int(address->addrtype), Value::small_int(a), Value::small_int(b), Value::small_int(c),
                  Value::small_int(address->scope));
}

// --- the kernel's cryptography
Status parse_algorithm(Thread& t, Value v, const char* caller, SocketAddress* out) {
  Tuple* tuple = TRY(tuple_address(t, v, caller, "AF_ALG", 2, 4,
                                   "AF_ALG address must be a tuple of two to four elements"));
  Utf8Buffer type_buffer, name_buffer;
  std::string_view type, name;
  TRY(text_item(t, item(tuple, 0), type_buffer, &type));
  TRY(text_item(t, item(tuple, 1), name_buffer, &name));
  u32 features = tuple->size > 2 ? TRY(word_argument(t, item(tuple, 2))) : 0;
  u32 mask = tuple->size > 3 ? TRY(word_argument(t, item(tuple, 3))) : 0;
  auto* address = as<sockaddr_alg>(out);
  if (type.size() >= sizeof address->salg_type) return raise(t, exc::ValueError, "AF_ALG type too long.");
  if (name.size() >= sizeof address->salg_name) return raise(t, exc::ValueError, "AF_ALG name too long.");
  address->salg_family = AF_ALG;
  memcpy(address->salg_type, type.data(), type.size());
  memcpy(address->salg_name, name.data(), name.size());
  address->salg_feat = features;
  address->salg_mask = mask;
  return ok();
}
Ref make_algorithm(Thread& t, const sockaddr* any) {
  auto* address = reinterpret_cast<const sockaddr_alg*>(any);
  auto text = [&](const u8* bytes, size_t most) { return decode_fs(t, reinterpret_cast<const char*>(bytes), strnlen(reinterpret_cast<const char*>(bytes), most)); };
  Ref type = TRY(text(address->salg_type, sizeof address->salg_type));
  Ref name = TRY(text(address->salg_name, sizeof address->salg_name));
  return tuple_of(t, type, name, Value::small_int(address->salg_feat), Value::small_int(address->salg_mask));
}

using Netlink = sockaddr_nl;
using Vsock = sockaddr_vm;
using Qipcrtr = sockaddr_qrtr;

}  // namespace

Status parse_address(Thread& t, const Socket* s, Value v, const char* caller, SocketAddress* out) {
  switch (s->family) {
    case AF_UNIX: return parse_unix(t, v, out);
    case AF_INET:
    case AF_RDS: {
      TRY(parse_inet(t, v, caller, out));
      return ok();
    }
    case AF_INET6: return parse_inet6(t, v, caller, out);
    case AF_NETLINK:
      return parse_numbers<Netlink, &Netlink::nl_pid, &Netlink::nl_groups>(t, v, caller, "AF_NETLINK", AF_NETLINK,
                                                                          "AF_NETLINK address must be a pair (pid, groups)", out);
    case AF_VSOCK:
      if (!is_tuple(v)) return raise(t, exc::TypeError, "getsockaddrarg: AF_VSOCK address must be tuple, not %T", v);
      if (v.as<Tuple>()->size != 2)
        return raise(t, exc::TypeError, "getsockaddrarg() takes exactly 2 arguments (%zd given)", i64(v.as<Tuple>()->size));
      return parse_numbers<Vsock, &Vsock::svm_cid, &Vsock::svm_port>(t, v, caller, "AF_VSOCK", AF_VSOCK, "", out);
    case AF_QIPCRTR:
      return parse_numbers<Qipcrtr, &Qipcrtr::sq_node, &Qipcrtr::sq_port>(t, v, caller, "AF_QIPCRTR", AF_QIPCRTR,
                                                                         "AF_QIPCRTR address must be a pair (node, port)", out);
    case AF_PACKET: return parse_packet(t, s, v, caller, out);
    case AF_CAN: return parse_can(t, s, v, caller, out);
    case AF_TIPC: return parse_tipc(t, v, caller, out);
    case AF_ALG: return parse_algorithm(t, v, caller, out);
    case AF_BLUETOOTH: return parse_bluetooth(t, s, v, caller, out);
    default: return raise(t, exc::OSError, "%s(): bad family", caller);
  }
}

Ref make_address(Thread& t, const sockaddr* address, socklen_t size, int protocol) {
  if (size == 0) return Ref::none();
  switch (address->sa_family) {
    case AF_UNIX: return make_unix(t, address, size);
    case AF_INET: {
      Ref host = TRY(address_text(t, address, sizeof(sockaddr_in)));
      return tuple_of(t, host, Value::small_int(ntohs(reinterpret_cast<const sockaddr_in*>(address)->sin_port)));
    }
    case AF_INET6: {
      auto* six = reinterpret_cast<const sockaddr_in6*>(address);
      Ref host = TRY(address_text(t, address, sizeof(sockaddr_in6)));
      return tuple_of(t, host, Value::small_int(ntohs(six->sin6_port)), Value::small_int(ntohl(six->sin6_flowinfo)),
                      Value::small_int(six->sin6_scope_id));
    }
    case AF_NETLINK: return make_numbers<Netlink, &Netlink::nl_pid, &Netlink::nl_groups>(t, address);
    case AF_VSOCK: return make_numbers<Vsock, &Vsock::svm_cid, &Vsock::svm_port>(t, address);
    case AF_QIPCRTR: return make_numbers<Qipcrtr, &Qipcrtr::sq_node, &Qipcrtr::sq_port>(t, address);
    case AF_PACKET: return make_packet(t, address);
    case AF_CAN: return make_can(t, address, protocol);
    case AF_TIPC: return make_tipc(t, address);
    case AF_ALG: return make_algorithm(t, address);
    case AF_BLUETOOTH: return make_bluetooth(t, address, protocol);
    default: {
      // A family that is not known here: the bytes behind the family.
      size_t n = size > offsetof(sockaddr, sa_data) ? size - offsetof(sockaddr, sa_data) : 0;
      if (n > sizeof address->sa_data) n = sizeof address->sa_data;
      Ref bytes = TRY(bytes_from(t, address->sa_data, n));
      return tuple_of(t, Value::small_int(address->sa_family), bytes);
    }
  }
}
Ref make_address(Thread& t, const Socket* s, const SocketAddress& address) {
  socklen_t size = address.size > sizeof address.storage ? socklen_t(sizeof address.storage) : address.size;
  return make_address(t, &address.any, size, s->protocol);
}

}  // namespace typhon::net
