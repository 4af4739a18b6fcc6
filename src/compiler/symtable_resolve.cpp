// Binding the names: every use of a name finds the scope that binds it, by walking outwards.
//
// A variable becomes a cell only when code of another function reaches it; a comprehension that is inlined shares the
// registers of the code around it and needs none.
#include <algorithm>

#include "compiler/symtable.h"

namespace typhon::compiler {

void SymbolTable::resolve_all() {
  for (Scope* s = top_; s != nullptr; s = s->next) {
    // By index: resolving may add symbols to outer scopes, never to this one.
    for (u32 i = 0, n = s->symbol_count; i < n && !reporter_.failed(); i++) {
      if (s->symbols[i].binding == Binding::kUnknown) resolve(s, &s->symbols[i]);
    }
    if (reporter_.failed()) return;
  }
  for (Scope* s = top_; s != nullptr; s = s->next) {
    for (u32 i = 0; i < s->symbol_count; i++) {
      Symbol& symbol = s->symbols[i];
      if (symbol.binding == Binding::kLocal && (symbol.flags & use::kNeedsCell)) symbol.binding = Binding::kCell;
    }
    if (!s->inlined) collect_free(s);
  }
}

void SymbolTable::resolve(Scope* scope, Symbol* symbol) {
  std::string_view text = names_.text(symbol->name);
  int n = int(text.size());
  if (symbol->flags & use::kGlobalDecl) {
    if (symbol->flags & use::kNonlocal) {
      reporter_.error(symbol->directive, "name '%.*s' is nonlocal and global", n, text.data());
    }
    symbol->binding = Binding::kGlobalExplicit;
    return;
  }
  if (symbol->flags & use::kNonlocal) {
    if (scope->kind == ScopeKind::kModule) {
      reporter_.error(symbol->directive, "nonlocal declaration not allowed at module level");
    } else if (!bind_outer(scope, symbol)) {
      reporter_.error(symbol->directive, "no binding for nonlocal '%.*s' found", n, text.data());
    }
    return;
  }
  if (symbol->flags & use::kBound) {
    symbol->binding = Binding::kLocal;
    return;
  }
  if (scope->can_see_class_scope) {
    Scope* cls = scope->parent;
    while (cls != nullptr && cls->kind != ScopeKind::kClass) cls = cls->parent;
    Symbol* in_class = cls ? cls->find(symbol->name) : nullptr;
    if (in_class != nullptr && symbol->name != name::k_classdict && symbol->name != name::k_conditional) {
      if (in_class->flags & use::kGlobalDecl) {
        symbol->binding = Binding::kGlobalExplicit;
        return;
      }
      if ((in_class->flags & use::kBound) && !(in_class->flags & use::kNonlocal)) {
        symbol->binding = Binding::kGlobalImplicit;
        return;
      }
    }
  }
  if (!bind_outer(scope, symbol)) symbol->binding = Binding::kGlobalImplicit;
}

// Looks for the function scope (or the special cells of a class) that binds the name around `scope`.
bool SymbolTable::bind_outer(Scope* scope, Symbol* symbol) {
  NameId wanted = symbol->name;
  bool crosses_code = false;
  Scope* inner = scope;
  Scope* binder = nullptr;
  for (;;) {
    if (!inner->inlined) crosses_code = true;
    Scope* p = inner->parent;
    if (p == nullptr || p->kind == ScopeKind::kModule) return false;
    inner = p;
    if (p->kind == ScopeKind::kClass) {
      if (wanted == name::k_class_) {
        p->needs_class_cell = true;
      } else if (wanted == name::k_classdict) {
        p->needs_classdict = true;
      } else if (wanted != name::k_conditional || !p->has_conditional_annotations) {
        continue;
      }
      binder = p;
      break;
    }
    Symbol* s = p->find(wanted);
    if (s == nullptr) continue;
    if (s->flags & use::kGlobalDecl) return false;
    if ((s->flags & use::kNonlocal) || !(s->flags & use::kBound)) continue;
    if ((symbol->flags & use::kNonlocal) && (s->flags & use::kTypeParam)) {
      std::string_view text = names_.text(wanted);
      reporter_.error(symbol->directive, "nonlocal binding not allowed for type parameter '%.*s'", int(text.size()),
                      text.data());
    }
    if (crosses_code) s->flags |= use::kNeedsCell;
    binder = p;
    break;
  }
  symbol->binding = Binding::kFree;
  for (Scope* q = scope->parent; q != binder; q = q->parent) {
    Symbol* through = add(q, wanted);
    if (through->flags & (use::kBound | use::kGlobalDecl)) {
      through->flags |= use::kFreeClass;  // a class has a name of its own, but the cell passes through it
    } else {
      through->binding = Binding::kFree;
    }
  }
  return true;
}

void SymbolTable::collect_free(Scope* s) {
  u32 n = 0;
  for (u32 i = 0; i < s->symbol_count; i++) {
    if (s->symbols[i].binding == Binding::kFree || (s->symbols[i].flags & use::kFreeClass)) n++;
  }
  if (n == 0) return;
  s->free_names = arena_.make_array<NameId>(n);
  for (u32 i = 0; i < s->symbol_count; i++) {
    if (s->symbols[i].binding == Binding::kFree || (s->symbols[i].flags & use::kFreeClass)) {
      s->free_names[s->free_count++] = s->symbols[i].name;
    }
  }
  std::sort(s->free_names, s->free_names + n, [this](NameId a, NameId b) { return names_.text(a) < names_.text(b); });
}

}  // namespace typhon::compiler
