#include "interpreter/intrinsics.h"

#include "objects/function.h"
#include "objects/protocol/services.h"

namespace typhon {

TypingHooks g_typing_hooks = {
    [](Thread& t, Value, Value, Value) -> Ref { return raise_not_there(t, "TypeVar"); },
    [](Thread& t, Value) -> Ref { return raise_not_there(t, "ParamSpec"); },
    [](Thread& t, Value) -> Ref { return raise_not_there(t, "TypeVarTuple"); },
    [](Thread& t, Value) -> Ref { return raise_not_there(t, "Generic"); },
    [](Thread& t, Value, Value, Value) -> Ref { return raise_not_there(t, "TypeAliasType"); },
    [](Thread& t, Value, Value) -> Ref { return raise_not_there(t, "defaults of type parameters"); },
};

TemplateHooks g_template_hooks = {
    [](Thread& t, Value, Value, Value, Value) -> Ref { return raise_not_there(t, "string.templatelib.Interpolation"); },
    [](Thread& t, Value, Value) -> Ref { return raise_not_there(t, "string.templatelib.Template"); },
};

namespace {
Ref print_expression(Thread& t, Value v) {
  Ref hook = sys_get(t, names::displayhook);
  if (hook.failed()) return hook;
  if (hook.is_empty()) return raise(t, exc::RuntimeError, "lost sys.displayhook");
  Ref shown = call_with(t, hook.get(), v);
  if (shown.failed()) return shown;
  return Ref::none();
}
}  // namespace

Ref run_intrinsic_1(Thread& t, Intrinsic1 which, Value v) {
  switch (which) {
    case Intrinsic1::kPrintExpression: return print_expression(t, v);
    case Intrinsic1::kTypeVar: return g_typing_hooks.typevar(t, v, EMPTY, EMPTY);
    case Intrinsic1::kParamSpec: return g_typing_hooks.paramspec(t, v);
    case Intrinsic1::kTypeVarTuple: return g_typing_hooks.typevartuple(t, v);
    case Intrinsic1::kSubscriptGeneric: return g_typing_hooks.subscript_generic(t, v);
    case Intrinsic1::kTypeAlias: {
      Tuple* parts = v.as<Tuple>();
      return g_typing_hooks.type_alias(t, parts->items[0].peek(), parts->items[1].peek(), parts->items[2].peek());
    }
  }
  return raise(t, exc::SystemError, "unknown intrinsic");
}

Ref run_intrinsic_2(Thread& t, Intrinsic2 which, Value a, Value b) {
  switch (which) {
    case Intrinsic2::kTypeVarWithBound: return g_typing_hooks.typevar(t, a, b, EMPTY);
    case Intrinsic2::kTypeVarWithConstraints: return g_typing_hooks.typevar(t, a, EMPTY, b);
    case Intrinsic2::kSetFunctionTypeParams: {
      TRY(set_function_extra(t, a.as<Function>(), &FunctionExtra::type_params, b));
      return Ref::copy(a);
    }
    case Intrinsic2::kSetTypeParamDefault: return g_typing_hooks.set_default(t, a, b);
  }
  return raise(t, exc::SystemError, "unknown intrinsic");
}

}  // namespace typhon
