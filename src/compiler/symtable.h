// Symbol tables: which scope every name of a module belongs to, decided before any code is made (docs/compiler.md).
//
// One walk over the tree makes the scopes and notes how each uses its names; resolve() then binds every use. A scope is
// found again by the node that opens it and a small tag, because one node may open several (a generic function: its type
// parameters, its annotations, its body). All of it lives in the compilation's arena.
#pragma once
#include <initializer_list>

#include "base/arena.h"
#include "compiler/vec.h"
#include "objects/str.h"
#include "parser/ast.h"

namespace typhon::compiler {

struct Pos {
  i32 line = 0, end_line = 0, column = -1, end_column = -1;
  bool operator==(const Pos& o) const = default;
};
inline Pos pos_of(const ast::Node* n) { return {n->lineno, n->end_lineno, n->col_offset, n->end_col_offset}; }

// Identifiers of one compilation, numbered.
using NameId = u32;
inline constexpr NameId kNoName = ~0u;

// Names the compiler itself needs; their NameId is their place in this list.
#define TYPHON_COMPILER_NAMES(X)                                                                                      \
  X(class_, "__class__")                                                                                              \
  X(classdict, "__classdict__") X(conditional, "__conditional_annotations__") X(debug, "__debug__") X(super, "super") \
      X(self, "self") X(dot_zero, ".0") X(format, ".format") X(format_shown, "format") X(type_params, ".type_params") \
          X(generic_base, ".generic_base") X(defaults, ".defaults") X(kwdefaults, ".kwdefaults")                      \
              X(type_params_dunder, "__type_params__") X(annotate, "__annotate__")                                    \
                  X(annotate_func, "__annotate_func__") X(annotations, "__annotations__") X(doc, "__doc__")           \
                      X(module, "__module__") X(name, "__name__") X(qualname, "__qualname__")                         \
                          X(firstlineno, "__firstlineno__") X(static_attributes, "__static_attributes__")             \
                              X(classdictcell, "__classdictcell__") X(classcell, "__classcell__")                     \
                                  X(lambda, "<lambda>") X(listcomp, "<listcomp>") X(setcomp, "<setcomp>")             \
                                      X(dictcomp, "<dictcomp>") X(genexpr, "<genexpr>") X(module_code, "<module>")    \
                                          X(return_, "return") X(star, "*") X(empty, "") X(append, "append")          \
                                              X(underscore, "_")

namespace name {
enum : NameId {
#define X(id, text) k_##id,
  TYPHON_COMPILER_NAMES(X)
#undef X
      kPredefined
};
}  // namespace name

class NameTable {
 public:
  explicit NameTable(Thread& t);
  NameId intern(std::string_view text);
  std::string_view text(NameId id) const { return entries_[id].text; }
  // The interned str; borrowed from this table.
  Value value(NameId id);

 private:
  struct Entry {
    std::string_view text;
    u32 hash;
    u32 value_index;  // into values_, plus one; 0: not made yet
  };
  void grow();
  Thread& thread_;
  Vec<Entry> entries_;
  Vec<u32> slots_;  // NameId + 1
  RootedVector values_;
};

namespace use {
inline constexpr u16 kGlobalDecl = 1, kLocal = 2, kParam = 4, kNonlocal = 8, kUse = 16, kFreeClass = 64, kImport = 128,
                     kAnnotated = 256, kCompIter = 512, kTypeParam = 1024, kDeleted = 2048, kNeedsCell = 4096,
                     kDirective = 8192;
inline constexpr u16 kBound = kLocal | kParam | kImport | kTypeParam;
}  // namespace use

enum class Binding : u8 { kUnknown, kLocal, kCell, kFree, kGlobalExplicit, kGlobalImplicit };

inline constexpr u16 kNoReg = 0xFFFF;

struct Symbol {
  NameId name;
  u16 flags;
  Binding binding;
  u16 reg = kNoReg;       // of a local or cell variable
  u16 free_reg = kNoReg;  // of the closure cell that passes through (or is used in) this scope
  Pos directive;          // of its global or nonlocal statement
};

enum class ScopeKind : u8 { kFunction, kClass, kModule, kAnnotation, kTypeVariable, kTypeAlias, kTypeParameters };
enum class CompKind : u8 { kNone, kList, kDict, kSet, kGenerator };

struct NameList {
  NameId* ids = nullptr;
  u32 count = 0;
};

struct Scope {
  ScopeKind kind;
  CompKind comprehension = CompKind::kNone;
  bool inlined = false;  // a comprehension whose variables are registers of the enclosing code
  bool nested = false;
  bool is_generator = false;
  bool is_coroutine = false;
  bool is_async_function = false;
  bool is_lambda = false;
  bool can_see_class_scope = false;
  bool in_conditional = false;
  bool has_conditional_annotations = false;
  bool annotations_used = false;
  bool needs_class_cell = false;
  bool needs_classdict = false;
  bool has_walrus = false;
  int comp_iter_expr = 0;
  bool comp_iter_target = false;
  const char* type_variable_part = "TypeVar bound";  // of a kTypeVariable scope, for messages
  NameId name = kNoName;
  Scope* parent = nullptr;
  Scope* first_child = nullptr;
  Scope* last_child = nullptr;
  Scope* next_sibling = nullptr;
  Scope* next = nullptr;              // all scopes, parents before children
  Scope* annotation_block = nullptr;  // of a module or class
  NameList* mangled = nullptr;        // type parameters of a class: only these are mangled there
  Pos pos;

  Symbol* symbols = nullptr;  // in order of first appearance
  u32 symbol_count = 0, symbol_capacity = 0;
  u32* index = nullptr;  // hash of NameId -> symbol + 1, from 9 symbols on
  u32 index_size = 0;
  u32* parameters = nullptr;  // symbol indices in declaration order
  u32 parameter_count = 0;
  NameId* free_names = nullptr;  // sorted by text: the closure's cells, in order
  u32 free_count = 0;

  Symbol* find(NameId name) const;
  bool function_like() const { return kind != ScopeKind::kClass && kind != ScopeKind::kModule; }
};

// Which of a node's scopes.
enum class ScopeTag : u8 { kBody, kTypeParams, kAnnotations, kBound, kDefault };

// How the passes report errors: one is latched, everything after it is ignored.
class Reporter {
 public:
  // A SyntaxError at that place; the first one counts.
  virtual void error(Pos pos, const char* format, ...) = 0;
  virtual void warn(Pos pos, const char* format, ...) = 0;
  virtual bool failed() const = 0;
  // The recursion is too deep, because the stack is nearly used up or because the caller says so: reports it and returns true.
  virtual bool deep(bool too_deep = false) = 0;

 protected:
  ~Reporter() = default;
};

class SymbolTable {
 public:
  SymbolTable(Arena& arena, NameTable& names, Reporter& reporter, bool future_annotations, bool top_level_await)
      : arena_(arena),
        names_(names),
        reporter_(reporter),
        future_annotations_(future_annotations),
        top_level_await_(top_level_await) {}
  // False when an error was reported.
  bool build(const ast::Mod* module);
  Scope* scope(const void* node, ScopeTag tag) const;
  Scope* top() const { return top_; }

  // The name as it is spelled inside the class `class_name` (kNoName: outside of classes).
  NameId mangle(NameId name, NameId class_name);
  NameId mangle(const Scope* scope, NameId name, NameId class_name);

 private:
  struct ClassContext;
  Scope* enter(ScopeKind kind, NameId name, const void* key, ScopeTag tag, Pos pos);
  void leave();
  Symbol* add(Scope* scope, NameId name);
  void define(NameId name, u16 flags, Pos pos) { define_in(current_, mangle(current_, name, private_), flags, pos); }
  void define(std::string_view text, u16 flags, Pos pos) { define(names_.intern(text), flags, pos); }
  void define_in(Scope* scope, NameId mangled, u16 flags, Pos pos);

  void statements(ast::Seq<ast::Stmt*> body);
  void statement(const ast::Stmt* s);
  void function(const ast::Node* node, std::string_view name, const ast::Arguments* args, ast::Seq<ast::Stmt*> body,
                ast::Seq<ast::Expr*> decorators, const ast::Expr* returns, ast::Seq<ast::TypeParam*> type_params,
                bool is_async);
  void class_definition(const ast::ClassDef* s);
  void type_alias(const ast::TypeAlias* s);
  void annotated_assignment(const ast::AnnAssign* s);
  void global_statement(const ast::Stmt* s, ast::Seq<std::string_view> names, bool nonlocal);
  void enter_type_params(const ast::Node* node, std::string_view name, bool for_class, bool has_defaults,
                         bool has_kwdefaults);
  void type_params(ast::Seq<ast::TypeParam*> params);
  void type_param_expression(const ast::Expr* e, NameId name, const ast::TypeParam* p, ScopeTag tag);
  void defaults(const ast::Arguments* args);
  void parameters(const ast::Arguments* args);
  void function_annotations(const ast::Node* node, const ast::Arguments* args, const ast::Expr* returns);
  void variable_annotation(const ast::Expr* annotation);
  void annotation_expression(const ast::Expr* annotation);
  void expressions(ast::Seq<ast::Expr*> list);
  void expression(const ast::Expr* e);
  void maybe(const ast::Expr* e) {
    if (e != nullptr) expression(e);
  }
  void name_expression(const ast::Name* e);
  void named_expression(const ast::NamedExpr* e);
  void comprehension(const ast::Expr* e, CompKind kind, ast::Seq<ast::Comprehension*> generators, const ast::Expr* elt,
                     const ast::Expr* value);
  void pattern(const ast::Pattern* p);
  void keywords(ast::Seq<ast::Keyword*> list);
  void bodies_in_condition(std::initializer_list<ast::Seq<ast::Stmt*>> bodies);
  bool forbidden_in_annotation_scope(const char* what, const ast::Expr* e);
  void jump_in_finally(const ast::Stmt* s, const char* what, bool is_loop_jump);

  void resolve_all();
  void resolve(Scope* scope, Symbol* symbol);
  bool bind_outer(Scope* scope, Symbol* symbol);
  void collect_free(Scope* scope);
  static u64 key_of(const void* node, ScopeTag tag) { return reinterpret_cast<u64>(node) * 8 + u64(tag); }
  void remember(u64 key, Scope* scope);

  Arena& arena_;
  NameTable& names_;
  Reporter& reporter_;
  bool future_annotations_;
  bool top_level_await_;
  Scope* top_ = nullptr;
  Scope* current_ = nullptr;
  u32 depth_ = 0;  // of current_
  Scope* last_ = nullptr;
  NameId private_ = kNoName;
  bool unevaluated_ = false;  // inside an annotation that is never evaluated: names do not count
  // PEP 765: where a return, break or continue would leave a finally block.
  bool in_finally_ = false, loop_in_finally_ = false;

  struct KeyEntry {
    u64 key;
    Scope* scope;
  };
  Vec<KeyEntry> keys_;
  u32 key_count_ = 0;
};

}  // namespace typhon::compiler
