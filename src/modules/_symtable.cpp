// _symtable: the compiler's symbol tables as objects, for Lib/symtable.py.
#include "compiler/symtable.h"
#include "modules/builtins/builtins.h"
#include "objects/module.h"
#include "objects/protocol/services.h"
#include "runtime/parse_source.h"

namespace typhon {
namespace {

using compiler::Binding;
using compiler::NameTable;
using compiler::Scope;
using compiler::ScopeKind;
using compiler::Symbol;

struct Entry : Object {
  Field id, name, symbols, varnames, children, type, lineno, nested;
};
constexpr size_t kEntryFields = 8;
Type* g_entry_type;

void visit_entry(Object* self, Visitor& v) { v.fields(&static_cast<Entry*>(self)->id, kEntryFields); }

Ref entry_repr(Thread& t, Value self) {
  auto* e = self.as<Entry>();
  return str_format(t, "<symtable entry %S(%S), line %S>", e->name.peek(), e->id.peek(), e->lineno.peek());
}

// Errors have been reported by compile() before the table is built.
class Silent final : public compiler::Reporter {
 public:
  void error(compiler::Pos, const char*, ...) override { failed_ = true; }
  void warn(compiler::Pos, const char*, ...) override {}
  bool failed() const override { return failed_; }
  bool deep(bool) override { return failed_; }

 private:
  bool failed_ = false;
};

constexpr int kScopeOffset = 12, kScopeMask = 15;
constexpr i64 kCompCell = 2048;
constexpr u32 kFlagMask = 0x7FF;  // the flags that Python shows; the compiler's own lie above

int scope_number(Binding b) {
  switch (b) {
    case Binding::kLocal: return 1;
    case Binding::kGlobalExplicit: return 2;
    case Binding::kGlobalImplicit: return 3;
    case Binding::kFree: return 4;
    case Binding::kCell: return 5;
    case Binding::kUnknown: break;
  }
  return 0;
}
int type_number(ScopeKind kind) {
  switch (kind) {
    case ScopeKind::kFunction: return 0;
    case ScopeKind::kClass: return 1;
    case ScopeKind::kModule: return 2;
    case ScopeKind::kAnnotation: return 3;
    case ScopeKind::kTypeAlias: return 4;
    case ScopeKind::kTypeParameters: return 5;
    case ScopeKind::kTypeVariable: return 6;
  }
  return 0;
}

bool is_own(const Symbol& s) { return s.binding == Binding::kLocal || s.binding == Binding::kCell; }

// Whether a name that an inlined comprehension only uses means the variable of that name in the scope that is shown.
bool reaches(const Symbol& s, const Scope* comprehension) {
  const Scope* outer = comprehension->parent;
  for (; outer->inlined; outer = outer->parent) {
    const Symbol* there = outer->find(s.name);
    if (there != nullptr && is_own(*there)) return false;  // it is the outer comprehension's
  }
  const Symbol* there = outer->find(s.name);
  return !(outer->kind == ScopeKind::kClass && there != nullptr && (there->flags & compiler::use::kBound));
}

Status add_symbols(Thread& t, NameTable& names, const Scope* scope, Dict* out, bool inlined) {
  for (u32 i = 0; i < scope->symbol_count; i++) {
    const Symbol& s = scope->symbols[i];
    Ref name = Ref::copy(names.value(s.name));
    if (inlined && s.name == compiler::name::k_dot_zero) continue;
    // Evaluators always look at their format.
    u32 used = s.name == compiler::name::k_format ? u32(compiler::use::kUse) : 0;
    i64 flags = i64((s.flags & kFlagMask) | used | u32(scope_number(s.binding) << kScopeOffset));
    if (inlined) {
      // What a comprehension shares with its surroundings is there already; its use of it counts there too.
      Value there = dict_peek_str(out, name.as<Str>());
      bool counts = !is_own(s) && reaches(s, scope);
      if (!there.is_empty()) flags = there.as_small_int() | (counts ? flags & i64(compiler::use::kUse) : 0);
      if (there.is_empty() && s.binding == Binding::kCell) flags |= kCompCell;
    }
    TRY(dict_set_str(t, out, name.as<Str>(), Value::small_int(flags)));
  }
  return ok();
}

Ref make_entry(Thread& t, NameTable& names, const Scope* scope);
Ref make_annotations_entry(Thread& t, const Scope* function);

Status add_children(Thread& t, NameTable& names, const Scope* scope, Dict* symbols, List* children) {
  const Scope* previous = nullptr;
  for (const Scope* child = scope->first_child; child != nullptr; previous = child, child = child->next_sibling) {
    if (child->inlined) {
      TRY(add_symbols(t, names, child, symbols, true));
      TRY(add_children(t, names, child, symbols, children));
      continue;
    }
    TRY(enter_native(t));
    // In front of each `def` stands the scope of its annotations, though there are none.
    bool is_def = child->kind == ScopeKind::kFunction && !child->is_lambda && child->comprehension == compiler::CompKind::kNone;
    bool annotated = previous != nullptr && previous->kind == ScopeKind::kAnnotation && previous != scope->annotation_block &&
                     previous->pos.line == child->pos.line;
    if (is_def && !annotated) {
      Ref annotations = TRY(make_annotations_entry(t, child));
      TRY(list_append(t, children, annotations));
    }
    Ref made = TRY(make_entry(t, names, child));
    TRY(list_append(t, children, made));
  }
  return ok();
}

// As Python calls it: the scope of type parameters has the name of what they belong to.
std::string_view shown_name(NameTable& names, const Scope* scope) {
  if (scope->kind == ScopeKind::kModule) return "top";
  if (scope->is_lambda) return "lambda";
  switch (scope->comprehension) {
    case compiler::CompKind::kNone: break;
    case compiler::CompKind::kList: return "listcomp";
    case compiler::CompKind::kDict: return "dictcomp";
    case compiler::CompKind::kSet: return "setcomp";
    case compiler::CompKind::kGenerator: return "genexpr";
  }
  std::string_view name = names.text(scope->name);
  constexpr std::string_view kPrefix = "<generic parameters of ";
  if (scope->kind == ScopeKind::kTypeParameters && name.starts_with(kPrefix))
    return name.substr(kPrefix.size(), name.size() - kPrefix.size() - 1);
  return name;
}

Ref new_entry(Thread& t, Value name, Value symbols, Value varnames, Value children, ScopeKind kind, i64 line, bool nested) {
  Ref self = TRY(allocate_instance(t, g_entry_type));
  auto* e = self.as<Entry>();
  e->id.init(e, TRY(int_from_u64(t, object_id(t, self))));
  e->name.init(e, name);
  e->symbols.init(e, symbols);
  e->varnames.init(e, varnames);
  e->children.init(e, children);
  e->type.init(e, Value::small_int(type_number(kind)));
  e->lineno.init(e, Value::small_int(line));
  e->nested.init(e, Value::small_int(nested));
  return self;
}

// Of a function without annotations.
Ref make_annotations_entry(Thread& t, const Scope* function) {
  RefTo<Dict> symbols = TRY(dict_new(t));
  i64 format = i64(compiler::use::kUse | compiler::use::kParam) | scope_number(Binding::kLocal) << kScopeOffset;
  Str* format_name = str_immortal(t, ".format");
  TRY(dict_set_str(t, symbols.get(), format_name, Value::small_int(format)));
  if (function->parent->kind == ScopeKind::kClass) {
    i64 classdict = i64(compiler::use::kUse) | scope_number(Binding::kFree) << kScopeOffset;
    TRY(dict_set_str(t, symbols.get(), str_immortal(t, "__classdict__"), Value::small_int(classdict)));
  }
  RefTo<List> varnames = TRY(list_new(t)), children = TRY(list_new(t));
  TRY(list_append(t, varnames.get(), Value(format_name)));
  return new_entry(t, str_immortal(t, "__annotate__"), symbols, varnames, children, ScopeKind::kAnnotation, function->pos.line,
                   function->nested);
}

Ref make_entry(Thread& t, NameTable& names, const Scope* scope) {
  RefTo<Dict> symbols = TRY(dict_new(t));
  TRY(add_symbols(t, names, scope, symbols.get(), false));
  RefTo<List> varnames = TRY(list_new(t));
  for (u32 i = 0; i < scope->parameter_count; i++)
    TRY(list_append(t, varnames.get(), names.value(scope->symbols[scope->parameters[i]].name)));
  RefTo<List> children = TRY(list_new(t));
  TRY(add_children(t, names, scope, symbols.get(), children.get()));
  RefTo<Str> name = TRY(str_from_utf8(t, shown_name(names, scope)));
  return new_entry(t, name, symbols, varnames, children, scope->kind, scope->kind == ScopeKind::kModule ? 0 : scope->pos.line,
                   scope->nested);
}

Ref f_symtable(Thread& t, Value, const Value* a) {
  if (!is_str(a[2])) return raise(t, exc::TypeError, "symtable() argument 3 must be str, not %T", a[2]);
  auto* mode = a[2].as<Str>();
  parser::ParseOptions options;
  if (mode->equals_ascii("exec"))
    options.mode = parser::Mode::kExec;
  else if (mode->equals_ascii("eval"))
    options.mode = parser::Mode::kEval;
  else if (mode->equals_ascii("single"))
    options.mode = parser::Mode::kSingle;
  else
    return raise(t, exc::ValueError, "symtable() arg 3 must be 'exec' or 'eval' or 'single'");
  // compile() finds and reports whatever is wrong.
  Ref builtins = TRY(import_module(t, "builtins"));
  Ref compile = TRY(get_attribute_utf8(t, builtins, "compile"));
  Ref code = TRY(call_with(t, compile, a[0], a[1], a[2]));
  Utf8Buffer buffer;
  ByteView bytes(t);
  std::string_view source;
  if (is_str(a[0])) {
    source = str_utf8(a[0].as<Str>(), buffer);
  } else {
    TRY(bytes.get(a[0]));
    source = {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    options.is_bytes_source = true;
  }
  Ref filename = TRY(decode_filename(t, a[1]));
  ParsedSource parsed;
  TRY(parsed.parse(t, source, options, filename));
  if (!parsed.result().ok) return raise(t, exc::SystemError, "a source that compiled cannot be parsed");
  Silent reporter;
  NameTable names(t);
  compiler::SymbolTable table(parsed.arena(), names, reporter, code.as<Code>()->flags & code_flag::kFuture_annotations, false);
  if (!table.build(parsed.result().module)) return raise(t, exc::SystemError, "no symbol table was built");
  return make_entry(t, names, table.top());
}

constexpr Member kEntryMembers[] = {
    {"id", offsetof(Entry, id)},           {"name", offsetof(Entry, name)},
    {"symbols", offsetof(Entry, symbols)}, {"varnames", offsetof(Entry, varnames)},
    {"children", offsetof(Entry, children)}, {"type", offsetof(Entry, type)},
    {"lineno", offsetof(Entry, lineno)},   {"nested", offsetof(Entry, nested)},
    {},
};
const TypeSpec kEntrySpec = {
    .name = "symtable entry",
    .layout = {"symtable entry", sizeof(Entry), 0, visit_entry, nullptr, nullptr, nullptr},
    .flags = type_flag::kDisallowInstantiation | type_flag::kImmutable,
    .slots = {.repr = entry_repr},
    .members = kEntryMembers,
};

const Method kFunctions[] = {
    method("symtable", f_symtable, "(source, filename, startstr, /)", "Return symbol and scope dictionaries used internally by compiler."),
    {},
};

struct Constant {
  const char* name;
  i64 value;
};
constexpr Constant kConstants[] = {
    {"USE", 16},           {"DEF_GLOBAL", 1},      {"DEF_NONLOCAL", 8},     {"DEF_LOCAL", 2},       {"DEF_PARAM", 4},
    {"DEF_TYPE_PARAM", 1024}, {"DEF_FREE_CLASS", 64}, {"DEF_IMPORT", 128},  {"DEF_BOUND", 134},     {"DEF_ANNOT", 256},
    {"DEF_COMP_ITER", 512}, {"DEF_COMP_CELL", 2048}, {"TYPE_FUNCTION", 0},  {"TYPE_CLASS", 1},      {"TYPE_MODULE", 2},
    {"TYPE_ANNOTATION", 3}, {"TYPE_TYPE_ALIAS", 4}, {"TYPE_TYPE_PARAMETERS", 5}, {"TYPE_TYPE_VARIABLE", 6}, {"LOCAL", 1},
    {"GLOBAL_EXPLICIT", 2}, {"GLOBAL_IMPLICIT", 3}, {"FREE", 4},            {"CELL", 5},            {"SCOPE_OFF", kScopeOffset},
    {"SCOPE_MASK", kScopeMask},
};

Status initialise(Thread& t, Module* module) {
  if (g_entry_type == nullptr) TRY(make_static_type(t, kEntrySpec, &g_entry_type));
  for (const Constant& c : kConstants) TRY(module_add_int(t, module, c.name, c.value));
  return ok();
}

}  // namespace

extern const ModuleDef module__symtable;
const ModuleDef module__symtable = {"_symtable", nullptr, kFunctions, initialise};

}  // namespace typhon
