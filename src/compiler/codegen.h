// Code generation: one walk over the tree per block of code, straight to register instructions (docs/compiler.md).
//
// Registers. Named variables come first; temporaries are a stack above them (`top`). Expressions are compiled towards a
// destination:
//   operand(e)     anywhere: a local variable itself (borrowed), or a new temporary (owned, used exactly once)
//   into(e, dest)  into that register. A NAMED destination is written by the very last instruction only, so that the old
//                  value survives an exception and can be used while the new one is computed.
// A temporary that is used by an instruction is consumed by it; one that is not must be cleared. So between statements
// all temporaries but those of enclosing loops, withs and handlers are EMPTY (or stale immediates).
//
// Control flow that leaves try, with and for blocks goes through the stack of Blocks, which knows what to emit for each.
// Which exception handler covers an instruction is noted in the instruction itself (`region`).
//
// Definite assignment is tracked while emitting: a bit for each named register that surely holds a value. Merges happen
// at labels. Variables that are deleted somewhere lose their bit wherever control can come from a later point.
//
// Errors are latched in the Reporter: generation goes on, harmlessly, and its result is dropped.
#pragma once
#include "bytecode/code.h"
#include "compiler/symtable.h"
#include "objects/containers.h"

namespace typhon::compiler {

struct Operand {
  u16 reg;
  bool temp;  // to be consumed by its one use
};

using Label = u32;
inline constexpr Label kNoLabel = ~0u;

struct Ins {
  Op op;
  u8 x;
  u16 a, b, c;
  u32 extra;  // operand in the last extra unit
  Label label;
  u32 pos;     // index into positions
  u32 region;  // index into regions; 0: none
};

struct LabelInfo {
  u32 at = ~0u;  // index of an instruction
  bool referenced = false;
  u64* bound = nullptr;  // variables bound on every path that jumps here
};

struct Region {
  Label handler;
  u16 clear_from, exc_reg;
  bool used;
};

enum class BlockKind : u8 {
  kWhile,
  kFor,         // reg: iterator
  kTry,         // body of try-except: nothing to do when left
  kFinallyTry,  // node: the ast::Try whose final body must run
  kFinallyEnd,  // the final body after an exception. reg: exception, reg2: the one handled before
  kWith,        // reg, reg + 1: exit function and self
  kAsyncWith,
  kHandler,      // an except clause. reg2: exception handled before; name: to be unbound
  kStarHandler,  // body of except*
  kPopValue,     // reg: a return value kept while a final body runs
  kHidden,       // reg: a temporary to be dropped
};

struct Block {
  BlockKind kind;
  u16 reg, reg2;
  Label on_break, on_continue;
  u32 outer_region;
  const void* node;
  NameId name;
  Pos pos;
};

struct DeferredAnnotation {
  const ast::AnnAssign* node;
  i32 index;  // in __conditional_annotations__, or -1
};

// The state of one block of code. Lives on the C++ stack, nested like the blocks.
class Codegen;
struct Unit {
  explicit Unit(Thread& t) : constants(t) {}
  ~Unit();  // an error may leave it unfinished: then the enclosing unit goes on
  Codegen* generator = nullptr;
  Unit* parent = nullptr;
  Scope* scope = nullptr;
  Scope* outer_scope = nullptr;  // where the enclosing unit was
  NameId name = kNoName;
  NameId private_name = kNoName;  // the class for name mangling
  NameId function_name = kNoName;  // of an __annotate__: the function's
  Ref qualname;
  Ref docstring;
  u32 flags = 0;
  i32 first_line = 0;
  u32 argument_count = 0, positional_only_count = 0, keyword_only_count = 0;
  bool is_async = false;  // await is allowed

  Vec<Ins> code;
  Vec<LabelInfo> labels;
  Vec<Region> regions;
  Vec<Block> blocks;
  u32 nested = 0;  // blocks as CPython counts them, which has a limit
  Vec<Pos> positions;
  RootedVector constants;
  Vec<u32> constant_slots;
  u32 constant_hashes_used = 0;
  Vec<NameId> names;
  Vec<u32> name_slots;

  Vec<NameId> register_names;
  Vec<u8> register_kinds;
  u16 named_count = 0;
  u16 top = 0, max = 0;
  u16 free_first = 0, free_count = 0;
  u16 class_cell = kNoReg, classdict_cell = kNoReg, conditional_cell = kNoReg;

  u32 words = 0;  // of the bit sets
  u64* bound = nullptr;
  u64* deletable = nullptr;
  bool reachable = true;
  u32 region = 0;
  u32 base_region = 0;
  u32 pos = 0;

  Vec<NameId> static_attributes;  // classes
  Vec<NameId> self_attributes;    // functions
  Vec<DeferredAnnotation> annotations;
  u32 next_conditional = 0;

  bool in_class() const { return scope->kind == ScopeKind::kClass; }
  bool in_module() const { return scope->kind == ScopeKind::kModule; }
  bool in_function() const { return scope->function_like(); }
  bool is_temp(u16 reg) const { return reg >= named_count; }
};

// Gives the constants of loops registers (hoist.cpp).
void hoist_constants(Unit& u);

// --- lines.cpp
// The instructions from `start` on are the implicit `return None`: jumps to it get copies of their own.
void duplicate_final_return(Unit& u, u32 start);
// Gives instructions without a line one, threads jumps, drops NOPs that no line needs.
void settle_lines(Unit& u);

struct NameAccess {
  enum Kind : u8 { kLocal, kCell, kGlobal, kName, kNameOrCell, kClassdictGlobal, kClassdictCell } kind;
  u16 reg;
};

enum class SequenceKind : u8 { kTuple, kList, kSet };

class Codegen {
 public:
  Codegen(Thread& t, Arena& arena, NameTable& names, SymbolTable& symbols, Reporter& reporter, Value filename,
          int optimize, u32 future_flags, Pos future_end, bool top_level_await)
      : thread_(t),
        arena_(arena),
        names_(names),
        symbols_(symbols),
        reporter_(reporter),
        filename_(filename),
        optimize_(optimize),
        future_flags_(future_flags),
        future_end_(future_end),
        top_level_await_(top_level_await) {}
  // The module's code; EMPTY or ERROR when an error was reported.
  Ref module(const ast::Mod* module);

 private:
  friend struct Unit;
  // --- units (assemble.cpp)
  void enter(Unit& u, Scope* scope, NameId name, u32 flags, i32 first_line);
  void assign_registers(Unit& u);
  void assign_hidden(Unit& u, Scope* scope);
  void prologue(Pos resume_pos);
  void open_generator_region();
  // Ends the unit: a final `return None` when the end can be reached, then the Code.
  Ref leave(Unit& u, bool implicit_return = true);
  Ref assemble(Unit& u);
  void set_qualname(Unit& u);

  // --- emitting (assemble.cpp)
  void emit(Op op, u16 a, u16 b, u16 c, u8 x = 0, u32 extra = 0, Label label = kNoLabel);
  void emit_name(Op op, u16 a, u16 b, NameId n, u8 x = 0);
  void emit_constant(Op op, u16 a, u32 index);
  void emit_dest_source(Op op, u16 dest, Operand s) { emit(op, dest, s.reg, 0, s.temp ? kConsumeB : 0); }
  void emit_binary(Op op, u16 dest, Operand l, Operand r, u8 x = 0, u32 extra = 0);
  void move(u16 dest, Operand s);
  void clear(u16 reg) { emit(Op::CLEAR, reg, 0, 0); }
  void discard(Operand o) {
    if (o.temp) clear(o.reg);
  }
  void load_const(u16 dest, Value v) { emit_constant(Op::LOAD_CONST, dest, constant(v)); }
  u32 constant(Value v);
  u32 constant_unshared(Ref&& v);
  u32 name_index(NameId n);
  Label new_label();
  void bind(Label label);
  void bind_handler(u32 region);
  void jump(Label label) { emit(Op::JUMP, 0, 0, 0, 0, 0, label), u_->reachable = false; }
  // A jump over handlers, which only stand there because of the way code is laid out: no event of the program.
  void jump_over(Label label) { emit(Op::JUMP, 0, 0, 0, kInPlace, 0, label), u_->reachable = false; }
  void jump_back(Label label) { emit(Op::JUMP_BACK, 0, 0, 0, 0, 0, label), u_->reachable = false; }
  void jump_on(Op op, Operand s, Label label) { emit(op, s.reg, 0, 0, s.temp ? kConsumeA : 0, 0, label); }
  void end_of_flow() { u_->reachable = false; }
  // A new region whose handler finds the exception in exc_reg with everything from clear_from on dropped.
  u32 new_region(u16 clear_from, u16 exc_reg);
  Label loop_head();

  u16 alloc(u32 n = 1);
  u16 window() {  // the callable's register of a call: the callee's frame header comes before it
    if (u_->flags & code_flag::kAnyGenerator) return alloc();  // the callee's frame never lies in the heap, with the generator
    u16 f = alloc(6);
    return u16(f + 5);
  }
  bool is_bound(u16 reg) const { return u_->bound[reg / 64] >> (reg % 64) & 1; }
  void mark_bound(u16 reg) { u_->bound[reg / 64] |= u64(1) << (reg % 64); }
  void mark_unbound(u16 reg) { u_->bound[reg / 64] &= ~(u64(1) << (reg % 64)); }
  void forget_deletable();

  // --- names (codegen_name.cpp)
  NameId mangle(NameId n) { return symbols_.mangle(scope_, n, u_->private_name); }
  NameId mangle(std::string_view text) { return mangle(names_.intern(text)); }
  NameAccess access(NameId mangled);
  void load_name(NameId n, u16 dest);
  void store_name(NameId n, Operand value);
  void store_text(std::string_view text, Operand value) { store_name(mangle(text), value); }
  void delete_name(NameId n);
  // Sets the variable of an except clause to None and deletes it.
  void unbind_name(NameId n);
  bool forbidden_name(std::string_view text, Pos pos, bool deleting = false);
  // The register of the cell that a nested function takes for its free variable.
  u16 closure_cell(NameId n);
  u16 local_register(const ast::Expr* e);  // of a plain local variable, or kNoReg
  bool rebinds(const ast::Node* later, std::string_view text) const;

  // --- expressions (codegen_expr.cpp, codegen_call.cpp, codegen_comprehension.cpp)
  Operand operand(const ast::Expr* e, u16 scratch = kNoReg);
  // Like operand, safe against an assignment to the same variable in what is evaluated later.
  Operand operand_before(const ast::Expr* e, const ast::Node* later, u16 scratch = kNoReg,
                         const ast::Node* later2 = nullptr);
  void into(const ast::Expr* e, u16 dest);
  void into_new(const ast::Expr* e) { into(e, alloc()); }
  void effect(const ast::Expr* e);
  void jump_if(const ast::Expr* e, Label target, bool when);
  void jump_if_compare(const ast::Compare* e, Label target, bool when);
  void binary(const ast::BinOp* e, u16 dest);
  void arithmetic(Op op, u16 dest, Operand left, const ast::Expr* right, u8 x);
  void unary(const ast::UnaryOp* e, u16 dest);
  struct BoolTarget {
    bool is_or;
    u16 dest, result;
    Label ready, end;
  };
  bool bool_value(const ast::Expr* v, const BoolTarget& to, Label* next);
  void bool_op(const ast::BoolOp* e, u16 dest);
  void compare(const ast::Compare* e, u16 dest);
  Operand compare_right(ast::CompareOperator op, const ast::Expr* e);
  void named(const ast::NamedExpr* e, u16 dest);
  void attribute(const ast::Attribute* e, u16 dest);
  void subscript(const ast::Subscript* e, u16 dest);
  Operand index_operand(const ast::Expr* e);
  void sequence(ast::Seq<ast::Expr*> elements, SequenceKind kind, u16 dest);
  void dict(const ast::Dict* e, u16 dest);
  void joined_str(ast::Seq<ast::Expr*> values, u16 dest);
  void formatted_value(const ast::FormattedValue* e, u16 dest);
  void template_str(const ast::TemplateStr* e, u16 dest);
  void interpolation(const ast::Interpolation* e, u16 dest);
  void yield(const ast::Yield* e, u16 dest);
  void yield_from(const ast::YieldFrom* e, u16 dest);
  void await(const ast::Await* e, u16 dest);
  void await_temp(u16 temp, u16 dest, u16 which);
  void check_is_literal(const ast::Compare* e);
  void check_callable(const ast::Expr* e);
  void check_subscriptable(const ast::Expr* e);
  void check_index(const ast::Expr* e, const ast::Expr* index);

  void call(const ast::Call* e, u16 dest);
  void quantify(const ast::Call* e, bool any, u16 dest);
  bool super_parts(const ast::Attribute* e);
  u16 load_super_parts(const ast::Call* super_call, u16 base);
  void call_with(u16 f, u32 filled, bool method, ast::Seq<ast::Expr*> args, ast::Seq<ast::Keyword*> keywords, u16 dest,
                 u16 extra = kNoReg);
  void named_keywords(ast::Seq<ast::Keyword*> keywords, u16 dest);
  void call_ex(u16 f, u32 filled, ast::Seq<ast::Expr*> args, ast::Seq<ast::Keyword*> keywords, u16 dest, u16 extra);
  void check_keywords(ast::Seq<ast::Keyword*> keywords);
  void at_attribute_name(const ast::Attribute* e);

  struct CompParts {
    CompKind kind;
    ast::Seq<ast::Comprehension*> generators;
    const ast::Expr* elt;
    const ast::Expr* value;
  };
  void comprehension(const ast::Expr* e, const CompParts& parts, u16 dest);
  void inlined_comprehension(const ast::Expr* e, Scope* s, const CompParts& parts, u16 dest);
  void comp_loop(const CompParts& parts, u32 i, u16 iterator, u16 result);
  void comp_element(const CompParts& parts, u16 result);
  void clear_hidden(Scope* s);
  Ref comprehension_code(const ast::Expr* e, Scope* s, const CompParts& parts);
  // Head of an async for: the awaited next item into dest; the region of what may end the loop.
  u32 async_next(u16 iterator, u16 dest);

  // --- statements
  void statements(ast::Seq<ast::Stmt*> body);
  void statement(const ast::Stmt* s);
  void assign(const ast::Assign* s);
  bool parallel_assign(const ast::Expr* target, const ast::Expr* value);
  void store_target(const ast::Expr* target, Operand value);
  void unpack(ast::Seq<ast::Expr*> targets, Operand value, const ast::Expr* whole);
  void store_attribute(const ast::Attribute* target, Operand value);
  void note_attribute(const ast::Attribute* target);
  void aug_assign(const ast::AugAssign* s);
  void ann_assign(const ast::AnnAssign* s);
  void evaluate_for_effect(const ast::Expr* e);
  void delete_target(const ast::Expr* target);
  void if_statement(const ast::If* s);
  void while_statement(const ast::While* s);
  void for_statement(const ast::For* s);
  void async_for_statement(const ast::AsyncFor* s);
  void return_statement(const ast::Return* s);
  bool runs_statements(u32 down_to) const;
  void leave_loop_body(u32 loop, Label target, bool ends);
  void break_statement(const ast::Stmt* s);
  void continue_statement(const ast::Stmt* s);
  void raise_statement(const ast::Raise* s);
  void assert_statement(const ast::Assert* s);
  void import_statement(const ast::Import* s);
  void import_from(const ast::ImportFrom* s);
  void import_name(NameId name, i64 level, Value fromlist, u16 dest);

  // --- try and with (codegen_try.cpp)
  // Counts `count` blocks more at `pos`, which may be too many.
  void nest(u32 count, Pos pos);
  void push_block(BlockKind kind, u16 reg = 0, u16 reg2 = 0, const void* node = nullptr, NameId name = kNoName,
                  Label on_break = kNoLabel, Label on_continue = kNoLabel);
  void pop_block();
  // Emits what leaving the innermost blocks takes, down to (not including) block `down_to`; they stay on the stack.
  // `value`: a register with the value to be returned, or kNoReg.
  void unwind(u32 down_to, u16 value);
  void unwind_one(const Block& b, u16 value);
  void try_statement(const ast::Try* s);
  void try_except(const ast::Try* s);
  void try_finally(const ast::Try* s, bool star);
  void try_star(const ast::TryStar* s);
  void handler_cleanup(u32 region, u16 previous);
  void with_statement(const ast::With* s, u32 item, bool is_async);
  void call_exit(u16 pair, bool is_async);

  // --- match (codegen_pattern.cpp)
  struct Capture {
    NameId name;
    u16 reg;
    bool owned;
  };
  struct PatternContext {
    Vec<Capture> captures;
    Label fail = kNoLabel;
    bool allow_irrefutable = false;
  };
  void match_statement(const ast::Match* s);
  void pattern(const ast::Pattern* p, u16 subject, bool owned, PatternContext& pc);
  void pattern_capture(std::string_view text, const ast::Pattern* p, u16 subject, bool owned, PatternContext& pc);
  void pattern_or(const ast::MatchOr* p, u16 subject, PatternContext& pc);
  void pattern_sequence(const ast::MatchSequence* p, u16 subject, PatternContext& pc);
  void pattern_mapping(const ast::MatchMapping* p, u16 subject, PatternContext& pc);
  void pattern_class(const ast::MatchClass* p, u16 subject, PatternContext& pc);
  void fail_unless(u16 temp, PatternContext& pc) { jump_on(Op::JUMP_IF_FALSE, {temp, true}, pc.fail); }

  // --- functions, classes, annotations, type parameters
  struct FunctionParts {
    u16 defaults = kNoReg, kwdefaults = kNoReg, annotate = kNoReg, annotations = kNoReg;
    bool borrow_defaults = false;  // they are named registers
  };
  void make_function(Value code, Scope* scope, u16 dest, const FunctionParts& parts);
  void function_statement(const ast::Node* node, std::string_view text, const ast::Arguments* args,
                          ast::Seq<ast::Stmt*> body, ast::Seq<ast::Expr*> decorators, const ast::Expr* returns,
                          ast::Seq<ast::TypeParam*> params, bool is_async);
  void lambda(const ast::Lambda* e, u16 dest);
  Ref function_code(const ast::Node* node, NameId name, const ast::Arguments* args, ast::Seq<ast::Stmt*> body,
                    bool is_async, i32 first_line);
  bool check_arguments(const ast::Arguments* args);
  void set_arguments(const ast::Arguments* args);
  void default_values(const ast::Arguments* args, u16 defaults, u16 kwdefaults);
  bool has_kwdefaults(const ast::Arguments* args);
  // The annotations of a function: an __annotate__ function, or with the future import a dict. Fills `parts`.
  void function_annotations(const ast::Node* node, const ast::Arguments* args, const ast::Expr* returns,
                            FunctionParts* parts);
  void class_statement(const ast::ClassDef* s);
  Ref class_code(const ast::ClassDef* s, i32 first_line);
  void build_class(const ast::ClassDef* s, i32 first_line, u16 dest, u16 generic_base);
  void type_alias(const ast::TypeAlias* s);
  void type_alias_value(const ast::TypeAlias* s, u16 dest, u16 type_params);
  void type_params_tuple(ast::Seq<ast::TypeParam*> params, u16 dest);
  void evaluator(const ast::Expr* e, NameId name, const ast::TypeParam* p, ScopeTag tag, u16 dest);
  void evaluator_prologue();
  void make_evaluator(Value code, Scope* scope, u16 dest);
  // Calls of decorators: leaves the windows open, innermost last.
  u32 open_decorators(ast::Seq<ast::Expr*> decorators, u16* result);
  void close_decorators(ast::Seq<ast::Expr*> decorators, u32 first_window, u16 dest);
  Ref annotate_code(Scope* block, const Vec<DeferredAnnotation>& annotations);
  void annotation_value(const ast::Expr* e, u16 dest);
  Ref annotation_string(const ast::Expr* e);
  Ref take_docstring(ast::Seq<ast::Stmt*>* body);
  void body_prologue(const ast::Node* node, Pos pos);

  // --- constants (constant_fold.cpp)
  Ref constant_value(const ast::ConstantValue& v);
  // The value of an expression that is constant; EMPTY when it is not.
  Ref fold(const ast::Expr* e);
  Ref fold_sequence(ast::Seq<ast::Expr*> elements);
  Ref fold_binary(ast::Operator op, Value l, Value r);
  Ref fold_unary(ast::UnaryOperator op, Value v);
  // 0 false, 1 true, -1 not known when compiling.
  int constant_truth(const ast::Expr* e);

  bool failed() const { return reporter_.failed(); }
  void check(const Ref& r);
  void error(const ast::Node* n, const char* message) { reporter_.error(pos_of(n), "%s", message); }
  void warn(const ast::Node* n, const char* format, ...);

  // Sets the position of the instructions emitted in its lifetime.
  class At {
   public:
    At(Codegen& g, const ast::Node* n) : At(g, pos_of(n)) {}
    At(Codegen& g, Pos pos) : unit_(g.u_), saved_(g.u_->pos) { g.set_pos(pos); }
    ~At() { unit_->pos = saved_; }
    At(const At&) = delete;

   private:
    Unit* unit_;
    u32 saved_;
  };
  void set_pos(Pos pos);

  Thread& thread_;
  Arena& arena_;
  NameTable& names_;
  SymbolTable& symbols_;
  Reporter& reporter_;
  Value filename_;
  int optimize_;
  u32 future_flags_;
  Pos future_end_;
  bool top_level_await_;
  bool interactive_ = false;
  int duplicates_ = 0;  // compiling another copy of a final body: no warnings
  Unit* u_ = nullptr;
  Scope* scope_ = nullptr;  // u_->scope, or the inlined comprehension inside it
  Vec<u16> windows_;
  Vec<const ast::BinOp*> chain_;

  bool future_annotations() const { return future_flags_ & code_flag::kFuture_annotations; }
};

}  // namespace typhon::compiler
