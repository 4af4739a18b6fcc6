// Loading, storing and deleting names, wherever they live.
#include <cstdarg>
#include <cstdio>

#include "compiler/codegen.h"

namespace typhon::compiler {

using namespace ast;

void Codegen::warn(const Node* n, const char* format, ...) {
  if (duplicates_ > 0 || failed()) return;
  char text[512];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  reporter_.warn(pos_of(n), "%s", text);
}

NameAccess Codegen::access(NameId n) {
  bool from_comprehension = false;
  Scope* s = scope_;
  for (; s->inlined; s = s->parent, from_comprehension = true) {
    Symbol* v = s->find(n);
    Binding binding = v ? v->binding : Binding::kGlobalImplicit;
    switch (binding) {
      case Binding::kLocal: return {NameAccess::kLocal, v->reg};
      case Binding::kCell: return {NameAccess::kCell, v->reg};
      case Binding::kFree: continue;
      case Binding::kGlobalExplicit: return {NameAccess::kGlobal, 0};
      default: return {u_->in_module() ? NameAccess::kName : NameAccess::kGlobal, 0};
    }
  }
  Symbol* v = s->find(n);
  Binding binding = v ? v->binding : Binding::kGlobalImplicit;
  if (s->kind == ScopeKind::kModule) {
    return {binding == Binding::kGlobalExplicit ? NameAccess::kGlobal : NameAccess::kName, 0};
  }
  if (s->kind == ScopeKind::kClass) {
    if (from_comprehension) {
      if (n == name::k_class_ && u_->class_cell != kNoReg) return {NameAccess::kCell, u_->class_cell};
      if (n == name::k_classdict && u_->classdict_cell != kNoReg) return {NameAccess::kCell, u_->classdict_cell};
      if (v != nullptr && v->free_reg != kNoReg) return {NameAccess::kCell, v->free_reg};
      return {NameAccess::kGlobal, 0};
    }
    if (binding == Binding::kFree) return {NameAccess::kNameOrCell, v->free_reg};
    return {binding == Binding::kGlobalExplicit ? NameAccess::kGlobal : NameAccess::kName, 0};
  }
  bool sees_class = s->can_see_class_scope && n != name::k_classdict && n != name::k_conditional;
  switch (binding) {
    case Binding::kLocal: return {NameAccess::kLocal, v->reg};
    case Binding::kCell: return {NameAccess::kCell, v->reg};
    case Binding::kFree: return {sees_class ? NameAccess::kClassdictCell : NameAccess::kCell, v->free_reg};
    case Binding::kGlobalExplicit: return {NameAccess::kGlobal, 0};
    default: return {sees_class ? NameAccess::kClassdictGlobal : NameAccess::kGlobal, 0};
  }
}

u16 Codegen::closure_cell(NameId n) {
  Scope* s = scope_;
  for (; s->inlined; s = s->parent) {
    Symbol* v = s->find(n);
    if (v != nullptr && v->binding == Binding::kCell) return v->reg;
  }
  if (s->kind == ScopeKind::kClass) {
    if (n == name::k_class_ && u_->class_cell != kNoReg) return u_->class_cell;
    if (n == name::k_classdict && u_->classdict_cell != kNoReg) return u_->classdict_cell;
    if (n == name::k_conditional && u_->conditional_cell != kNoReg) return u_->conditional_cell;
  }
  Symbol* v = s->find(n);
  if (v == nullptr) return 0;
  return v->binding == Binding::kCell ? v->reg : v->free_reg;
}

void Codegen::load_name(NameId n, u16 dest) {
  NameAccess where = access(n);
  switch (where.kind) {
    case NameAccess::kLocal:
      if (u_->reachable && !is_bound(where.reg)) {
        emit_name(Op::CHECK_BOUND, where.reg, 0, n);
        mark_bound(where.reg);
      }
      return move(dest, {where.reg, false});
    case NameAccess::kCell: return emit_name(Op::LOAD_CELL, dest, where.reg, n);
    case NameAccess::kGlobal: return emit_name(Op::LOAD_GLOBAL, dest, 0, n);
    case NameAccess::kName: return emit_name(Op::LOAD_NAME, dest, 0, n);
    case NameAccess::kNameOrCell:
    case NameAccess::kClassdictCell: {
      u16 t = alloc(2);
      if (where.kind == NameAccess::kNameOrCell) {
        emit(Op::LOAD_LOCALS, t, 0, 0);
      } else {
        emit_name(Op::LOAD_CELL, t, closure_cell(name::k_classdict), name::k_classdict);
      }
      move(u16(t + 1), {where.reg, false});
      emit_name(Op::LOAD_NAME_OR_CELL, dest, t, n, kConsumeB);
      clear(u16(t + 1));
      u_->top = t;
      return;
    }
    case NameAccess::kClassdictGlobal: {
      u16 t = alloc();
      emit_name(Op::LOAD_CELL, t, closure_cell(name::k_classdict), name::k_classdict);
      emit_name(Op::LOAD_NAME_OR_GLOBAL, dest, t, n, kConsumeB);
      u_->top = t;
      return;
    }
  }
}

void Codegen::store_name(NameId n, Operand value) {
  NameAccess where = access(n);
  switch (where.kind) {
    case NameAccess::kLocal: move(where.reg, value); return mark_bound(where.reg);
    case NameAccess::kCell:
    case NameAccess::kClassdictCell: return emit(Op::STORE_CELL, where.reg, value.reg, 0, value.temp ? kConsumeB : 0);
    case NameAccess::kNameOrCell: {
      // `nonlocal x` in a class body stores into the cell.
      Symbol* v = scope_->find(n);
      if (v != nullptr && (v->flags & use::kNonlocal)) {
        return emit(Op::STORE_CELL, where.reg, value.reg, 0, value.temp ? kConsumeB : 0);
      }
      return emit_name(Op::STORE_NAME, value.reg, 0, n, value.temp ? kConsumeA : 0);
    }
    case NameAccess::kGlobal:
    case NameAccess::kClassdictGlobal: return emit_name(Op::STORE_GLOBAL, value.reg, 0, n, value.temp ? kConsumeA : 0);
    case NameAccess::kName: return emit_name(Op::STORE_NAME, value.reg, 0, n, value.temp ? kConsumeA : 0);
  }
}

void Codegen::delete_name(NameId n) {
  NameAccess where = access(n);
  switch (where.kind) {
    case NameAccess::kLocal:
      if (is_bound(where.reg)) {
        clear(where.reg);
      } else {
        emit_name(Op::DELETE_LOCAL, where.reg, 0, n);
      }
      return mark_unbound(where.reg);
    case NameAccess::kCell:
    case NameAccess::kClassdictCell: return emit_name(Op::DELETE_CELL, where.reg, 0, n);
    case NameAccess::kNameOrCell: {
      Symbol* v = scope_->find(n);
      if (v != nullptr && (v->flags & use::kNonlocal)) return emit_name(Op::DELETE_CELL, where.reg, 0, n);
      return emit_name(Op::DELETE_NAME, 0, 0, n);
    }
    case NameAccess::kGlobal:
    case NameAccess::kClassdictGlobal: return emit_name(Op::DELETE_GLOBAL, 0, 0, n);
    case NameAccess::kName: return emit_name(Op::DELETE_NAME, 0, 0, n);
  }
}

void Codegen::unbind_name(NameId n) {
  NameAccess where = access(n);
  if (where.kind == NameAccess::kLocal) {
    clear(where.reg);
    return mark_unbound(where.reg);
  }
  // The body may have deleted it: make sure that there is something to delete.
  u16 t = alloc();
  load_const(t, None);
  store_name(n, {t, true});
  u_->top = t;
  delete_name(n);
}

bool Codegen::forbidden_name(std::string_view text, Pos pos, bool deleting) {
  if (text != "__debug__") return false;
  reporter_.error(pos, deleting ? "cannot delete __debug__" : "cannot assign to __debug__");
  return true;
}

u16 Codegen::local_register(const Expr* e) {
  if (e->kind != Kind::kName) return kNoReg;
  NameAccess where = access(mangle(as<Name>(e)->id));
  return where.kind == NameAccess::kLocal ? where.reg : kNoReg;
}

// Whether evaluating `later` may assign to that variable by `:=`.
bool Codegen::rebinds(const Node* later, std::string_view text) const {
  if (later == nullptr) return false;
  if (later->kind == Kind::kName || later->kind == Kind::kConstant) return false;
  if (later->kind == Kind::kNamedExpr && as<NamedExpr>(later)->target->kind == Kind::kName &&
      as<Name>(as<NamedExpr>(later)->target)->id == text) {
    return true;
  }
  const KindInfo& info = kind_info(later->kind);
  for (u32 i = 0; i < info.field_count; i++) {
    const FieldInfo& f = info.fields[i];
    if (f.type != FieldType::expr && f.type != FieldType::comprehension && f.type != FieldType::keyword) continue;
    if (f.quantity == Quantity::kOne || f.quantity == Quantity::kOpt) {
      if (rebinds(field_ref<Node*>(later, f), text)) return true;
    } else {
      for (const Node* n : field_ref<Seq<Node*>>(later, f)) {
        if (rebinds(n, text)) return true;
      }
    }
  }
  return false;
}

}  // namespace typhon::compiler
