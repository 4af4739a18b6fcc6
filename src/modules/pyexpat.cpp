// pyexpat: XML parsers on libexpat. A parser belongs to one thread while it parses; calls of other threads are refused meanwhile. Python
// code runs in handlers, so nothing is locked.
#include <cstdlib>
#define XML_DTD 1  // Debian builds the library with it, and the header asks
#include <expat.h>
#include <string>
#include <utility>

#include "objects/codecs.h"
#include "objects/container_util.h"
#include "objects/module.h"
#include "objects/protocol/services.h"

namespace typhon {
namespace {

Type *g_parser_type, *g_error;

enum Handler {
  kStartElement, kEndElement, kProcessingInstruction, kCharacterData, kUnparsedEntityDecl, kNotationDecl, kStartNamespaceDecl,
  kEndNamespaceDecl, kComment, kStartCdata, kEndCdata, kDefault, kDefaultExpand, kNotStandalone, kExternalEntityRef, kStartDoctypeDecl,
  kEndDoctypeDecl, kEntityDecl, kXmlDecl, kElementDecl, kAttlistDecl, kSkippedEntity, kHandlers
};

struct Parser : Object {
  XML_Parser expat;
  Field handlers[kHandlers];  // callables, or EMPTY
  Field intern;               // dict
  Field parent;               // of a parser for an external entity
  u32 owner;                  // id of the thread that is in a call, or 0; atomic
  bool ordered_attributes, specified_attributes, namespace_prefixes, parsing;
  bool failed;                // a handler raised: the exception is pending, other handlers are not called
  char* text;                 // malloc'ed: characters gathered for one call of the handler; null when they are not gathered
  u32 text_size, text_used;
};
Parser* self_of(Value v) { return v.as<Parser>(); }
void visit(Object* self, Visitor& v) { v.fields(static_cast<Parser*>(self)->handlers, kHandlers + 2); }
void release(Thread&, Object* self) {
  auto* p = static_cast<Parser*>(self);
  if (p->expat != nullptr) XML_ParserFree(p->expat);
  std::free(p->text);
}

// Claims a parser for the calling thread, for the length of a call. Handlers run within one and may call further methods.
class Use {
 public:
  Use(Thread& t, Parser* p) : parser_(p) {
    if (__atomic_load_n(&p->owner, __ATOMIC_RELAXED) == t.id) {
      parser_ = nullptr;  // an outer call's
      return;
    }
    u32 nobody = 0;
    failed_ = !__atomic_compare_exchange_n(&p->owner, &nobody, t.id, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
    if (failed_) {
      parser_ = nullptr;
      (void)raise(t, exc::RuntimeError, "the parser is used by another thread");
    }
  }
  ~Use() {
    if (parser_ != nullptr) __atomic_store_n(&parser_->owner, 0, __ATOMIC_RELEASE);
  }
  Use(const Use&) = delete;
  bool failed() const { return failed_; }

 private:
  Parser* parser_;
  bool failed_ = false;
};

// --- values for handlers
Ref text_of(Thread& t, const char* s) {
  if (s == nullptr) return Ref::none();
  return decode_utf8(t, reinterpret_cast<const u8*>(s), std::strlen(s));
}
Ref text_of(Thread& t, const char* s, int n) { return decode_utf8(t, reinterpret_cast<const u8*>(s), size_t(n)); }
// The same string object for the same name.
Ref name_of(Thread& t, Parser* p, const char* s) {
  Ref name = TRY(text_of(t, s));
  Ref intern = p->intern.load();
  if (name.get().is_none() || intern.is_empty()) return name;
  return dict_setdefault_py(t, intern.as<Dict>(), name, name);
}

// --- calling handlers
void fail(Parser* p) {
  p->failed = true;
  XML_StopParser(p->expat, XML_FALSE);
}
// The handler's answer; EMPTY when there is no handler or something raised.
Ref call_handler(Thread& t, Parser* p, Handler which, const Value* args, u32 n) {
  Ref handler = p->handlers[which].load();
  if (handler.is_empty() || p->failed) return Ref();
  Ref result = call(t, handler, Args{args, n});
  if (!result.failed()) return result;
  fail(p);
  return Ref();
}
bool flush_text(Thread& t, Parser* p) {
  if (p->text == nullptr || p->text_used == 0 || p->failed) return !p->failed;
  Ref text = text_of(t, p->text, int(p->text_used));
  p->text_used = 0;
  if (text.failed()) {
    fail(p);
    return false;
  }
  Value word = text;
  (void)call_handler(t, p, kCharacterData, &word, 1);
  return !p->failed;
}
// The prologue of each handler: what is gathered goes first; no handler runs after an error.
struct Event {
  explicit Event(void* data) : p(static_cast<Parser*>(data)), t(Thread::current()), args(t) { live = !p->failed && flush_text(t, p); }
  Parser* p;
  Thread& t;
  RootedVector args;
  bool live;
  Event& add(Ref&& v) {
    if (!live) return *this;
    if (v.failed()) {
      fail(p);
      live = false;
      return *this;
    }
    args.push(std::move(v));
    return *this;
  }
  Event& name(const char* s) { return live ? add(name_of(t, p, s)) : *this; }
  Event& text(const char* s) { return live ? add(text_of(t, s)) : *this; }
  Event& number(i64 n) { return live ? add(int_from(t, n)) : *this; }
  Ref send(Handler which) {
    if (!live) return Ref();
    return call_handler(t, p, which, args.data(), u32(args.size()));
  }
  // For handlers that answer with an int; 0 stops.
  int ask(Handler which) {
    Ref answer = send(which);
    if (p->failed || answer.is_empty()) return 0;
    Result<i64> n = to_i64(t, answer);
    if (!n.failed()) return int(n.get());
    fail(p);
    return 0;
  }
};

void on_start_element(void* data, const char* name, const char** attributes) {
  Event e(data);
  if (!e.live) return;
  int n = 0;
  if (e.p->specified_attributes)
    n = XML_GetSpecifiedAttributeCount(e.p->expat);
  else
    while (attributes[n] != nullptr) n += 2;
  auto fill = [&]() -> Ref {
    if (e.p->ordered_attributes) {
      RefTo<List> list = TRY(list_new(e.t, size_t(n)));
      for (int i = 0; i < n; i++) TRY(list_append(e.t, list.get(), TRY(i % 2 == 0 ? name_of(e.t, e.p, attributes[i]) : text_of(e.t, attributes[i]))));
      return list;
    }
    RefTo<Dict> dict = TRY(dict_new(e.t));
    for (int i = 0; i < n; i += 2) {
      Ref key = TRY(name_of(e.t, e.p, attributes[i])), value = TRY(text_of(e.t, attributes[i + 1]));
      TRY(dict_set_py(e.t, dict.get(), key, value));
    }
    return dict;
  };
  e.name(name).add(fill()).send(kStartElement);
}
void on_end_element(void* data, const char* name) { (void)Event(data).name(name).send(kEndElement); }
void on_instruction(void* data, const char* target, const char* text) { (void)Event(data).name(target).text(text).send(kProcessingInstruction); }
void on_characters(void* data, const char* text, int n) {
  auto* p = static_cast<Parser*>(data);
  Thread& t = Thread::current();
  if (p->failed) return;
  if (p->text != nullptr) {
    if (u64(p->text_used) + u64(n) > p->text_size && !flush_text(t, p)) return;
    // The handler may have changed the buffer, or taken itself away.
    if (p->text != nullptr && u64(p->text_used) + u64(n) <= p->text_size) {
      std::memcpy(p->text + p->text_used, text, size_t(n));
      p->text_used += u32(n);
      return;
    }
  }
  Ref value = text_of(t, text, n);
  if (value.failed()) return fail(p);
  Value word = value;
  (void)call_handler(t, p, kCharacterData, &word, 1);
}
void on_unparsed_entity(void* data, const char* name, const char* base, const char* system, const char* pub, const char* notation) {
  (void)Event(data).name(name).name(base).name(system).name(pub).name(notation).send(kUnparsedEntityDecl);
}
void on_notation(void* data, const char* name, const char* base, const char* system, const char* pub) {
  (void)Event(data).name(name).name(base).name(system).name(pub).send(kNotationDecl);
}
void on_start_namespace(void* data, const char* prefix, const char* uri) { (void)Event(data).name(prefix).name(uri).send(kStartNamespaceDecl); }
void on_end_namespace(void* data, const char* prefix) { (void)Event(data).name(prefix).send(kEndNamespaceDecl); }
void on_comment(void* data, const char* text) { (void)Event(data).text(text).send(kComment); }
void on_start_cdata(void* data) { (void)Event(data).send(kStartCdata); }
void on_end_cdata(void* data) { (void)Event(data).send(kEndCdata); }
template <Handler which>
void on_default(void* data, const char* text, int n) {
  Event e(data);
  if (e.live) (void)e.add(text_of(e.t, text, n)).send(which);
}
int on_not_standalone(void* data) { return Event(data).ask(kNotStandalone); }
int on_external_entity(XML_Parser parser, const char* context, const char* base, const char* system, const char* pub) {
  return Event(XML_GetUserData(parser)).text(context).name(base).name(system).name(pub).ask(kExternalEntityRef);
}
void on_start_doctype(void* data, const char* name, const char* system, const char* pub, int internal) {
  (void)Event(data).name(name).name(system).name(pub).number(internal).send(kStartDoctypeDecl);
}
void on_end_doctype(void* data) { (void)Event(data).send(kEndDoctypeDecl); }
void on_entity(void* data, const char* name, int parameter, const char* value, int n, const char* base, const char* system, const char* pub,
               const char* notation) {
  Event e(data);
  e.name(name).number(parameter);
  if (e.live) e.add(value == nullptr ? Ref::none() : text_of(e.t, value, n));
  (void)e.name(base).name(system).name(pub).name(notation).send(kEntityDecl);
}
void on_xml_decl(void* data, const char* version, const char* encoding, int standalone) {
  (void)Event(data).text(version).text(encoding).number(standalone).send(kXmlDecl);
}
Ref model_of(Thread& t, Parser* p, const XML_Content* model) {
  TRY(enter_native(t));
  RootedVector children(t);
  for (unsigned i = 0; i < model->numchildren; i++) children.push(TRY(model_of(t, p, &model->children[i])));
  RefTo<Tuple> tuple = TRY(tuple_from(t, children.data(), children.size()));
  Ref name = TRY(name_of(t, p, model->name));
  return tuple_of(t, Value::small_int(model->type), Value::small_int(model->quant), name, tuple);
}
void on_element_decl(void* data, const char* name, XML_Content* model) {
  Event e(data);
  if (e.live) (void)e.name(name).add(model_of(e.t, e.p, model)).send(kElementDecl);
  XML_FreeContentModel(e.p->expat, model);
}
void on_attlist(void* data, const char* element, const char* name, const char* type, const char* value, int required) {
  (void)Event(data).name(element).name(name).text(type).text(value).number(required).send(kAttlistDecl);
}
void on_skipped(void* data, const char* name, int parameter) { (void)Event(data).name(name).number(parameter).send(kSkippedEntity); }

// Which of expat's handlers are set follows from which of Python's are: what has no handler goes to the default one.
void connect(Parser* p, Handler which) {
  XML_Parser x = p->expat;
  bool on = !p->handlers[which].is_empty();
#define IF_ON(f) (on ? (f) : nullptr)
  switch (which) {
    case kStartElement: return XML_SetStartElementHandler(x, IF_ON(on_start_element));
    case kEndElement: return XML_SetEndElementHandler(x, IF_ON(on_end_element));
    case kProcessingInstruction: return XML_SetProcessingInstructionHandler(x, IF_ON(on_instruction));
    case kCharacterData: return XML_SetCharacterDataHandler(x, IF_ON(on_characters));
    case kUnparsedEntityDecl: return XML_SetUnparsedEntityDeclHandler(x, IF_ON(on_unparsed_entity));
    case kNotationDecl: return XML_SetNotationDeclHandler(x, IF_ON(on_notation));
    case kStartNamespaceDecl: return XML_SetStartNamespaceDeclHandler(x, IF_ON(on_start_namespace));
    case kEndNamespaceDecl: return XML_SetEndNamespaceDeclHandler(x, IF_ON(on_end_namespace));
    case kComment: return XML_SetCommentHandler(x, IF_ON(on_comment));
    case kStartCdata: return XML_SetStartCdataSectionHandler(x, IF_ON(on_start_cdata));
    case kEndCdata: return XML_SetEndCdataSectionHandler(x, IF_ON(on_end_cdata));
    case kDefault: return XML_SetDefaultHandler(x, IF_ON(on_default<kDefault>));
    case kDefaultExpand: return XML_SetDefaultHandlerExpand(x, IF_ON(on_default<kDefaultExpand>));
    case kNotStandalone: return XML_SetNotStandaloneHandler(x, IF_ON(on_not_standalone));
    case kExternalEntityRef: return XML_SetExternalEntityRefHandler(x, IF_ON(on_external_entity));
    case kStartDoctypeDecl: return XML_SetStartDoctypeDeclHandler(x, IF_ON(on_start_doctype));
    case kEndDoctypeDecl: return XML_SetEndDoctypeDeclHandler(x, IF_ON(on_end_doctype));
    case kEntityDecl: return XML_SetEntityDeclHandler(x, IF_ON(on_entity));
    case kXmlDecl: return XML_SetXmlDeclHandler(x, IF_ON(on_xml_decl));
    case kElementDecl: return XML_SetElementDeclHandler(x, IF_ON(on_element_decl));
    case kAttlistDecl: return XML_SetAttlistDeclHandler(x, IF_ON(on_attlist));
    case kSkippedEntity: return XML_SetSkippedEntityHandler(x, IF_ON(on_skipped));
    default: return;
  }
#undef IF_ON
}
template <int which>
Ref get_handler(Thread&, Value self) {
  Ref handler = self_of(self)->handlers[which].load();
  return handler.is_empty() ? Ref::none() : std::move(handler);
}
template <int which>
Status set_handler(Thread& t, Value self, Value v) {
  if (v.is_empty()) return raise(t, exc::RuntimeError, "Cannot delete attribute");
  auto* p = self_of(self);
  Use use(t, p);
  TRY(use.failed() ? Status(Raised{}) : ok());
  if (which == kCharacterData && !flush_text(t, p)) return Raised{};
  if (v.is_none())
    p->handlers[which].clear(p);
  else
    p->handlers[which].store(p, v);
  connect(p, Handler(which));
  return ok();
}

// --- encodings that expat does not know: those of one byte per character, by way of Python's codecs
int on_unknown_encoding(void* data, const char* name, XML_Encoding* info) {
  auto* p = static_cast<Parser*>(data);
  Thread& t = Thread::current();
  if (p->failed) return XML_STATUS_ERROR;
  u8 bytes[256];
  for (int i = 0; i < 256; i++) bytes[i] = u8(i);
  Ref text = decode_bytes(t, bytes, 256, name, "replace");
  if (!text.failed() && text.as<Str>()->length() != 256) text = raise(t, exc::ValueError, "multi-byte encodings are not supported");
  if (text.failed()) {
    p->failed = true;
    return XML_STATUS_ERROR;
  }
  for (int i = 0; i < 256; i++) {
    u32 c = text.as<Str>()->at(size_t(i));
    info->map[i] = c == 0xFFFD ? -1 : int(c);
  }
  info->data = nullptr;
  info->convert = nullptr;
  info->release = nullptr;
  return XML_STATUS_OK;
}

// --- parsing
Raised raise_expat(Thread& t, Parser* p, XML_Error code) {
  i64 line = i64(XML_GetErrorLineNumber(p->expat)), column = i64(XML_GetErrorColumnNumber(p->expat));
  RefTo<Str> text = TRY(str_format(t, "%s: line %zd, column %zd", XML_ErrorString(code), line, column));
  Ref error = TRY(make_exception(t, g_error, text));
  auto set = [&](const char* name, i64 n) -> Status {
    RefTo<Str> key = TRY(str_from_ascii(t, name));
    key = TRY(str_intern(t, key));
    Ref value = TRY(int_from(t, n));
    return set_attribute(t, error, key.get(), value);
  };
  TRY(set("code", code));
  TRY(set("offset", column));
  TRY(set("lineno", line));
  return raise_exception(t, std::move(error));
}
Result<int> finish(Thread& t, Parser* p, XML_Status status) {
  if (p->failed) return Raised{};
  if (status == XML_STATUS_ERROR) return raise_expat(t, p, XML_GetErrorCode(p->expat));
  if (!flush_text(t, p)) return Raised{};
  return int(status);
}
// While a parser runs it may not be fed again.
struct Parsing {
  explicit Parsing(Parser* p) : parser(p) { p->parsing = true, p->failed = false; }
  ~Parsing() { parser->parsing = false; }
  Parser* parser;
};
Status check_idle(Thread& t, Parser* p) {
  if (p->parsing) return raise(t, exc::RuntimeError, "the parser is running already");
  return ok();
}
Ref m_parse(Thread& t, Value self, const Value* a) {
  auto* p = self_of(self);
  Ref keep = Ref::copy(self);
  bool last = !a[1].is_empty() && TRY(truth(t, a[1]));
  Use use(t, p);
  if (use.failed()) return Raised{};
  TRY(check_idle(t, p));
  Utf8Buffer buffer;
  ByteView view(t);
  const char* data;
  size_t n;
  Ref encoded;
  if (is_str(a[0])) {
    encoded = TRY(encode_utf8(t, a[0].as<Str>()));
    data = reinterpret_cast<const char*>(encoded.as<Bytes>()->data);
    n = encoded.as<Bytes>()->size;
    XML_SetEncoding(p->expat, "utf-8");
  } else {
    TRY(view.get(a[0]));
    data = reinterpret_cast<const char*>(view.data());
    n = view.size();
  }
  Parsing parsing(p);
  constexpr size_t kPart = 1 << 20;
  for (; n > kPart; data += kPart, n -= kPart) {
    XML_Status status = XML_Parse(p->expat, data, int(kPart), 0);
    if (p->failed || status == XML_STATUS_ERROR) {
      TRY(finish(t, p, status));
    }
  }
  return int_from(t, TRY(finish(t, p, XML_Parse(p->expat, data, int(n), last))));
}
Ref m_parse_file(Thread& t, Value self, const Value* a) {
  auto* p = self_of(self);
  Ref keep = Ref::copy(self);
  Use use(t, p);
  if (use.failed()) return Raised{};
  TRY(check_idle(t, p));
  RefTo<Str> name = TRY(str_from_ascii(t, "read"));
  name = TRY(str_intern(t, name));
  Ref read = TRY(get_attribute_or_empty(t, a[0], name.get()));
  if (read.is_empty()) return raise(t, exc::TypeError, "argument must have 'read' attribute");
  constexpr i64 kPart = 2048;
  Parsing parsing(p);
  while (true) {
    Ref bytes = TRY(call_with(t, read, Value::small_int(kPart)));
    if (!is_bytes(bytes) && !is_bytearray(bytes))
      return raise(t, exc::TypeError, "read() did not return a bytes object (type=%T)", bytes.get());
    ByteView view(t);
    TRY(view.get(bytes));
    if (i64(view.size()) > kPart)
      return raise(t, exc::ValueError, "read() returned too much data: %d bytes requested, %zd returned", int(kPart), i64(view.size()));
    bool last = view.size() == 0;
    int status = TRY(finish(t, p, XML_Parse(p->expat, reinterpret_cast<const char*>(view.data()), int(view.size()), last)));
    if (last) return int_from(t, status);
  }
}

// --- other methods
Ref m_set_base(Thread& t, Value self, const Value* a) {
  Utf8Argument base;
  TRY(base.get(t, a[0], "SetBase() argument"));
  Use use(t, self_of(self));
  if (use.failed()) return Raised{};
  if (!XML_SetBase(self_of(self)->expat, std::string(base.text).c_str())) return raise_no_memory(t);
  return Ref::none();
}
Ref m_get_base(Thread& t, Value self, const Value*) {
  Use use(t, self_of(self));
  if (use.failed()) return Raised{};
  return text_of(t, XML_GetBase(self_of(self)->expat));
}
Ref m_get_context(Thread& t, Value self, const Value*) {
  auto* p = self_of(self);
  Use use(t, p);
  if (use.failed()) return Raised{};
  if (!p->parsing) return Ref::none();
  int offset, size;
  const char* text = XML_GetInputContext(p->expat, &offset, &size);
  if (text == nullptr) return Ref::none();
  return bytes_from(t, text + offset, size_t(size - offset));
}
Ref m_param_entities(Thread& t, Value self, const Value* a) {
  Use use(t, self_of(self));
  if (use.failed()) return Raised{};
  return int_from(t, XML_SetParamEntityParsing(self_of(self)->expat, XML_ParamEntityParsing(TRY(to_i64(t, a[0])))));
}
Ref m_foreign_dtd(Thread& t, Value self, const Value* a) {
  bool flag = a[0].is_empty() || TRY(truth(t, a[0]));
  Use use(t, self_of(self));
  if (use.failed()) return Raised{};
  XML_Error code = XML_UseForeignDTD(self_of(self)->expat, flag);
  if (code != XML_ERROR_NONE) return raise_expat(t, self_of(self), code);
  return Ref::none();
}
Ref m_laughs_amplification(Thread& t, Value self, const Value* a) {
  double factor = TRY(to_double(t, a[0]));
  Use use(t, self_of(self));
  if (use.failed()) return Raised{};
  if (factor != factor) return raise(t, g_error, "'max_factor' must not be NaN");
  if (factor < 1) return raise(t, g_error, "'max_factor' must be at least 1.0");
  if (!XML_SetBillionLaughsAttackProtectionMaximumAmplification(self_of(self)->expat, float(factor)))
    return raise(t, g_error, "parser must be a root parser");
  return Ref::none();
}
Ref m_laughs_threshold(Thread& t, Value self, const Value* a) {
  i64 threshold = TRY(to_i64(t, a[0]));
  if (threshold < 0) return raise(t, exc::ValueError, "Cannot convert negative int");
  Use use(t, self_of(self));
  if (use.failed()) return Raised{};
  if (!XML_SetBillionLaughsAttackProtectionActivationThreshold(self_of(self)->expat, u64(threshold)))
    return raise(t, g_error, "parser must be a root parser");
  return Ref::none();
}

// Expat 2.6 puts off parsing of incomplete tokens; before it there is nothing to switch.
Ref m_get_deferral(Thread&, Value, const Value*) { return Ref::boolean(false); }
Ref m_set_deferral(Thread& t, Value, const Value* a) {
  TRY(truth(t, a[0]));
  return Ref::none();
}

void set_up(Parser* p) {
  XML_SetUserData(p->expat, p);
  XML_SetUnknownEncodingHandler(p->expat, on_unknown_encoding, p);
  // Names as keys of expat's tables get the secret of Python's own.
  u64 salt = hash_bytes("pyexpat", 7);
  XML_SetHashSalt(p->expat, (unsigned long)(salt | 1));
}
Ref m_external_parser(Thread& t, Value self, const Value* a) {
  auto* p = self_of(self);
  std::string context, encoding;
  Utf8Argument argument;
  bool with_context = !a[0].is_none(), with_encoding = !a[1].is_empty();
  if (with_context) {
    TRY(argument.get(t, a[0], "ExternalEntityParserCreate() argument 1"));
    context = argument.text;
  }
  if (with_encoding) {
    Utf8Argument second;
    TRY(second.get(t, a[1], "ExternalEntityParserCreate() argument 2"));
    encoding = second.text;
  }
  Use use(t, p);
  if (use.failed()) return Raised{};
  Ref made = Ref::adopt(Value(allocate_native<Parser>(t, g_parser_type)));
  auto* child = self_of(made);
  child->expat = XML_ExternalEntityParserCreate(p->expat, with_context ? context.c_str() : nullptr, with_encoding ? encoding.c_str() : nullptr);
  if (child->expat == nullptr) return raise_no_memory(t);
  child->ordered_attributes = p->ordered_attributes;
  child->specified_attributes = p->specified_attributes;
  child->namespace_prefixes = p->namespace_prefixes;
  child->text_size = p->text_size;
  if (p->text != nullptr) {
    child->text = static_cast<char*>(std::malloc(child->text_size));
    if (child->text == nullptr) return raise_no_memory(t);
  }
  child->parent.init(child, self);
  if (!p->intern.is_empty()) child->intern.init(child, p->intern.load());
  set_up(child);
  for (int i = 0; i < kHandlers; i++) {
    if (p->handlers[i].is_empty()) continue;
    child->handlers[i].init(child, p->handlers[i].load());
    connect(child, Handler(i));
  }
  return made;
}

// --- attributes
template <bool Parser::*flag>
Ref get_flag(Thread&, Value self) { return Ref::boolean(self_of(self)->*flag); }
template <bool Parser::*flag>
Status set_flag(Thread& t, Value self, Value v) {
  if (v.is_empty()) return raise(t, exc::RuntimeError, "Cannot delete attribute");
  self_of(self)->*flag = TRY(truth(t, v));
  return ok();
}
Status set_prefixes(Thread& t, Value self, Value v) {
  TRY(set_flag<&Parser::namespace_prefixes>(t, self, v));
  Use use(t, self_of(self));
  if (use.failed()) return Raised{};
  XML_SetReturnNSTriplet(self_of(self)->expat, self_of(self)->namespace_prefixes);
  return ok();
}
Ref get_buffer_text(Thread&, Value self) { return Ref::boolean(self_of(self)->text != nullptr); }
Status set_buffer_text(Thread& t, Value self, Value v) {
  if (v.is_empty()) return raise(t, exc::RuntimeError, "Cannot delete attribute");
  bool on = TRY(truth(t, v));
  auto* p = self_of(self);
  Use use(t, p);
  if (use.failed()) return Raised{};
  if (on == (p->text != nullptr)) return ok();
  if (!on && !flush_text(t, p)) return Raised{};
  std::free(std::exchange(p->text, on ? static_cast<char*>(std::malloc(p->text_size)) : nullptr));
  p->text_used = 0;
  if (on && p->text == nullptr) return raise_no_memory(t);
  return ok();
}
Ref get_buffer_size(Thread& t, Value self) { return int_from(t, self_of(self)->text_size); }
Ref get_buffer_used(Thread& t, Value self) { return int_from(t, self_of(self)->text_used); }
Status set_buffer_size(Thread& t, Value self, Value v) {
  if (v.is_empty()) return raise(t, exc::RuntimeError, "Cannot delete attribute");
  if (!is_int(v)) return raise(t, exc::TypeError, "buffer_size must be an integer");
  i64 n = TRY(to_i64(t, v));
  if (n <= 0) return raise(t, exc::ValueError, "buffer_size must be greater than zero");
  if (n > INT32_MAX) return raise(t, exc::ValueError, "buffer_size must not be greater than %d", INT32_MAX);
  auto* p = self_of(self);
  Use use(t, p);
  if (use.failed()) return Raised{};
  if (p->text != nullptr) {
    if (!flush_text(t, p)) return Raised{};
    char* text = static_cast<char*>(std::malloc(size_t(n)));
    if (text == nullptr) return raise_no_memory(t);
    std::free(std::exchange(p->text, text));
  }
  p->text_size = u32(n);
  return ok();
}
template <class N, N (*f)(XML_Parser)>
Ref get_number(Thread& t, Value self) {
  Use use(t, self_of(self));
  if (use.failed()) return Raised{};
  return int_from(t, i64(f(self_of(self)->expat)));
}
Ref get_intern(Thread&, Value self) {
  Ref intern = self_of(self)->intern.load();
  return intern.is_empty() ? Ref::none() : std::move(intern);
}

// --- functions
Ref f_create(Thread& t, Value, const Value* a) {
  std::string encoding;
  bool with_encoding = !a[0].is_empty() && !a[0].is_none();
  if (with_encoding) {
    if (!is_str(a[0])) return raise(t, exc::TypeError, "ParserCreate() argument 'encoding' must be str or None, not %T", a[0]);
    Utf8Buffer buffer;
    encoding = str_utf8(a[0].as<Str>(), buffer);
  }
  char separator = 0;
  bool with_separator = !a[1].is_empty() && !a[1].is_none();
  if (with_separator) {
    if (!is_str(a[1])) return raise(t, exc::TypeError, "ParserCreate() argument 'namespace_separator' must be str or None, not %T", a[1]);
    Utf8Buffer buffer;
    std::string_view text = str_utf8(a[1].as<Str>(), buffer);
    if (text.size() > 1) return raise(t, exc::ValueError, "namespace_separator must be at most one character, omitted, or None");
    if (!text.empty()) separator = text[0];
  }
  Ref intern = Ref::copy(a[2]);
  if (intern.is_empty())
    intern = TRY(dict_new(t)).release_ref();
  else if (intern.get().is_none())
    intern = Ref();
  else if (!is_dict(intern))
    return raise(t, exc::TypeError, "intern must be a dictionary");
  Ref made = Ref::adopt(Value(allocate_native<Parser>(t, g_parser_type)));
  auto* p = self_of(made);
  char separators[2] = {separator, 0};
  p->expat = XML_ParserCreate_MM(with_encoding ? encoding.c_str() : nullptr, nullptr, with_separator ? separators : nullptr);
  if (p->expat == nullptr) return raise(t, exc::RuntimeError, "XML_ParserCreate failed");
  p->text_size = 8192;
  if (!intern.is_empty()) p->intern.init(p, std::move(intern));
  set_up(p);
  return made;
}
Ref f_error_string(Thread& t, Value, const Value* a) {
  const char* text = XML_ErrorString(XML_Error(TRY(to_i64(t, a[0]))));
  return text == nullptr ? Ref::none() : Ref(str_from_utf8(t, text));
}

const Method kMethods[] = {
    method("Parse", m_parse, "($self, data, isfinal=False, /)", "Parse XML data.\n\n'isfinal' should be true at end of input."),
    method("ParseFile", m_parse_file, "($self, file, /)", "Parse XML data from file-like object."),
    method("SetBase", m_set_base, "($self, base, /)", "Set the base URL for the parser."),
    method("GetBase", m_get_base, "($self, /)", "Return base URL string for the parser."),
    method("GetInputContext", m_get_context, "($self, /)",
           "Return the untranslated text of the input that caused the current event.\n\nIf the event was generated by a large amount of text (such as "
           "a start tag\nfor an element with many attributes), not all of the text may be available."),
    method("ExternalEntityParserCreate", m_external_parser, "($self, context, encoding=<unrepresentable>, /)",
           "Create a parser for parsing an external entity based on the information passed to the ExternalEntityRefHandler."),
    method("SetParamEntityParsing", m_param_entities, "($self, flag, /)", "Controls parsing of parameter entities (including the external DTD subset)."),
    method("UseForeignDTD", m_foreign_dtd, "($self, flag=True, /)", "Allows the application to provide an artificial external subset if one is not specified."),
    method("SetBillionLaughsAttackProtectionMaximumAmplification", m_laughs_amplification, "($self, max_factor, /)",
           "Sets the maximum tolerated amplification factor for protection against billion laughs attacks."),
    method("SetBillionLaughsAttackProtectionActivationThreshold", m_laughs_threshold, "($self, threshold, /)",
           "Sets the number of output bytes needed to activate protection against billion laughs attacks."),
    method("GetReparseDeferralEnabled", m_get_deferral, "($self, /)", "Retrieve reparse deferral enabled status; always returns false with Expat <2.6.0."),
    method("SetReparseDeferralEnabled", m_set_deferral, "($self, enabled, /)", "Enable/Disable reparse deferral; enabled by default with Expat >=2.6.0."),
    {},
};
#define HANDLER(name, which) {name, get_handler<which>, set_handler<which>}
const GetSet kGetSets[] = {
    HANDLER("StartElementHandler", kStartElement), HANDLER("EndElementHandler", kEndElement),
    HANDLER("ProcessingInstructionHandler", kProcessingInstruction), HANDLER("CharacterDataHandler", kCharacterData),
    HANDLER("UnparsedEntityDeclHandler", kUnparsedEntityDecl), HANDLER("NotationDeclHandler", kNotationDecl),
    HANDLER("StartNamespaceDeclHandler", kStartNamespaceDecl), HANDLER("EndNamespaceDeclHandler", kEndNamespaceDecl),
    HANDLER("CommentHandler", kComment), HANDLER("StartCdataSectionHandler", kStartCdata), HANDLER("EndCdataSectionHandler", kEndCdata),
    HANDLER("DefaultHandler", kDefault), HANDLER("DefaultHandlerExpand", kDefaultExpand), HANDLER("NotStandaloneHandler", kNotStandalone),
    HANDLER("ExternalEntityRefHandler", kExternalEntityRef), HANDLER("StartDoctypeDeclHandler", kStartDoctypeDecl),
    HANDLER("EndDoctypeDeclHandler", kEndDoctypeDecl), HANDLER("EntityDeclHandler", kEntityDecl), HANDLER("XmlDeclHandler", kXmlDecl),
    HANDLER("ElementDeclHandler", kElementDecl), HANDLER("AttlistDeclHandler", kAttlistDecl), HANDLER("SkippedEntityHandler", kSkippedEntity),
    {"ErrorCode", get_number<XML_Error, XML_GetErrorCode>}, {"ErrorLineNumber", get_number<XML_Size, XML_GetErrorLineNumber>},
    {"ErrorColumnNumber", get_number<XML_Size, XML_GetErrorColumnNumber>}, {"ErrorByteIndex", get_number<XML_Index, XML_GetErrorByteIndex>},
    {"CurrentLineNumber", get_number<XML_Size, XML_GetCurrentLineNumber>}, {"CurrentColumnNumber", get_number<XML_Size, XML_GetCurrentColumnNumber>},
    {"CurrentByteIndex", get_number<XML_Index, XML_GetCurrentByteIndex>}, {"buffer_size", get_buffer_size, set_buffer_size},
    {"buffer_text", get_buffer_text, set_buffer_text}, {"buffer_used", get_buffer_used},
    {"namespace_prefixes", get_flag<&Parser::namespace_prefixes>, set_prefixes},
    {"ordered_attributes", get_flag<&Parser::ordered_attributes>, set_flag<&Parser::ordered_attributes>},
    {"specified_attributes", get_flag<&Parser::specified_attributes>, set_flag<&Parser::specified_attributes>}, {"intern", get_intern}, {}};
#undef HANDLER
const TypeSpec kParserSpec = {
    .name = "pyexpat.xmlparser",
    .doc = "XML parser",
    .layout = {"xmlparser", sizeof(Parser), 0, visit, release, nullptr, nullptr},
    .flags = type_flag::kDisallowInstantiation | type_flag::kImmutable,
    .methods = kMethods,
    .getsets = kGetSets,
};
const Method kFunctions[] = {
    method("ParserCreate", f_create, "($module, /, encoding=None, namespace_separator=None, intern=<unrepresentable>)", "Return a new XML parser object."),
    method("ErrorString", f_error_string, "($module, code, /)", "Returns string error for given number."),
    {},
};

// pyexpat.NAME, also found in sys.modules.
Ref add_submodule(Thread& t, Module* module, const char* name, const char* doc) {
  RefTo<Str> full = TRY(str_format(t, "pyexpat.%s", name));
  full = TRY(str_intern(t, full));
  RefTo<Module> made = TRY(module_new(t, full.get()));
  RefTo<Str> text = TRY(str_from_ascii(t, doc));
  TRY(set_attribute(t, made, names::__doc__, text));
  TRY(module_add(t, module, name, made));
  TRY(dict_set_str(t, sys_modules(t), full.get(), made));
  return made;
}
constexpr const char* kErrorNames[] = {
    "NO_MEMORY", "SYNTAX", "NO_ELEMENTS", "INVALID_TOKEN", "UNCLOSED_TOKEN", "PARTIAL_CHAR", "TAG_MISMATCH", "DUPLICATE_ATTRIBUTE",
    "JUNK_AFTER_DOC_ELEMENT", "PARAM_ENTITY_REF", "UNDEFINED_ENTITY", "RECURSIVE_ENTITY_REF", "ASYNC_ENTITY", "BAD_CHAR_REF",
    "BINARY_ENTITY_REF", "ATTRIBUTE_EXTERNAL_ENTITY_REF", "MISPLACED_XML_PI", "UNKNOWN_ENCODING", "INCORRECT_ENCODING",
    "UNCLOSED_CDATA_SECTION", "EXTERNAL_ENTITY_HANDLING", "NOT_STANDALONE", "UNEXPECTED_STATE", "ENTITY_DECLARED_IN_PE",
    "FEATURE_REQUIRES_XML_DTD", "CANT_CHANGE_FEATURE_ONCE_PARSING", "UNBOUND_PREFIX", "UNDECLARING_PREFIX", "INCOMPLETE_PE", "XML_DECL",
    "TEXT_DECL", "PUBLICID", "SUSPENDED", "NOT_SUSPENDED", "ABORTED", "FINISHED", "SUSPEND_PE", "RESERVED_PREFIX_XML",
    "RESERVED_PREFIX_XMLNS", "RESERVED_NAMESPACE_URI", "INVALID_ARGUMENT", "NO_BUFFER", "AMPLIFICATION_LIMIT_BREACH", "NOT_STARTED"};
Status add_errors(Thread& t, Module* module) {
  Ref errors = TRY(add_submodule(t, module, "errors", "Constants used to describe error conditions."));
  RefTo<Dict> codes = TRY(dict_new(t)), messages = TRY(dict_new(t));
  i64 code = 0;
  for (const char* name : kErrorNames) {
    const char* text = XML_ErrorString(XML_Error(++code));
    if (text == nullptr) text = "parser not started";  // newer than the library
    RefTo<Str> message = TRY(str_from_ascii(t, text)), full = TRY(str_format(t, "XML_ERROR_%s", name));
    full = TRY(str_intern(t, full));
    TRY(set_attribute(t, errors, full.get(), message));
    TRY(dict_set_py(t, codes.get(), message, Value::small_int(code)));
    TRY(dict_set_py(t, messages.get(), Value::small_int(code), message));
  }
  TRY(module_add(t, errors.as<Module>(), "codes", codes));
  return module_add(t, errors.as<Module>(), "messages", messages);
}
Status initialise(Thread& t, Module* module) {
  if (g_parser_type == nullptr) TRY(make_static_type(t, kParserSpec, &g_parser_type));
  TRY(module_add(t, module, "XMLParserType", Value(g_parser_type)));
  TRY(module_add_exception(t, module, "xml.parsers.expat.ExpatError", exc::Exception, &g_error));
  TRY(module_add(t, module, "error", Value(g_error)));
  TRY(module_add_str(t, module, "EXPAT_VERSION", XML_ExpatVersion()));
  XML_Expat_Version version = XML_ExpatVersionInfo();
  TRY(module_add(t, module, "version_info",
                 tuple_of(t, Value::small_int(version.major), Value::small_int(version.minor), Value::small_int(version.micro)).release_ref()));
  TRY(module_add_str(t, module, "native_encoding", "UTF-8"));
  RefTo<List> features = TRY(list_new(t));
  for (const XML_Feature* f = XML_GetFeatureList(); f->feature != XML_FEATURE_END; f++) {
    RefTo<Str> name = TRY(str_from_ascii(t, f->name));
    Ref value = TRY(int_from(t, f->value));
    TRY(list_append(t, features.get(), TRY(tuple_of(t, name, value)).release_ref()));
  }
  TRY(module_add(t, module, "features", features));
  TRY(module_add_int(t, module, "XML_PARAM_ENTITY_PARSING_NEVER", XML_PARAM_ENTITY_PARSING_NEVER));
  TRY(module_add_int(t, module, "XML_PARAM_ENTITY_PARSING_UNLESS_STANDALONE", XML_PARAM_ENTITY_PARSING_UNLESS_STANDALONE));
  TRY(module_add_int(t, module, "XML_PARAM_ENTITY_PARSING_ALWAYS", XML_PARAM_ENTITY_PARSING_ALWAYS));
  TRY(add_errors(t, module));
  Ref model = TRY(add_submodule(t, module, "model", "Constants used to interpret content model information."));
  constexpr const char* kTypes[] = {"", "EMPTY", "ANY", "MIXED", "NAME", "CHOICE", "SEQ"};
  for (int i = 1; i <= 6; i++) TRY(module_add_int(t, model.as<Module>(), (std::string("XML_CTYPE_") + kTypes[i]).c_str(), i));
  constexpr const char* kQuantifiers[] = {"NONE", "OPT", "REP", "PLUS"};
  for (int i = 0; i < 4; i++) TRY(module_add_int(t, model.as<Module>(), (std::string("XML_CQUANT_") + kQuantifiers[i]).c_str(), i));
  return ok();
}

}  // namespace

extern const ModuleDef module_pyexpat;
const ModuleDef module_pyexpat = {"pyexpat", "Python wrapper for Expat parser.", kFunctions, initialise};

}  // namespace typhon
