#include "interpreter/frame.h"

#include "interpreter/generator.h"
#include "objects/protocol/protocol.h"
#include "objects/protocol/services.h"

namespace typhon {

Value* python_stack_end(Thread& t) { return t.frame ? frame_stack_end(t, t.frame) : t.stack_base; }

bool raise_recursion(Thread& t) {
  // A little room is left for the handlers of the error itself.
  (void)raise(t, exc::RecursionError, "maximum recursion depth exceeded");
  return false;
}

namespace {
// Registers that outlive the frame in its frame object.
u32 saved_registers(const Code* code) {
  u32 n = code->local_count;
  if (n == 0 && (code->flags & (code_flag::kModule | code_flag::kClassBody))) n = 1;
  return n;
}

// Nobody but the frame refers to the frame object.
bool only_reference(const FrameObject* f) {
  return (f->ownership() & g_counted_states) && f->count < 2 * count::kOne;
}
}  // namespace

void detach_frame_object(Thread& t, Value* r) {
  FrameObject* f = frame::frame_object(r).as<FrameObject>();
  if (!only_reference(f)) {
    Code* code = frame::code(r);
    u32 n = saved_registers(code);
    RefTo<Tuple> saved = tuple_allocate(t, n);
    if (saved.failed()) {
      clear_exception(t);
    } else {
      for (u32 i = 0; i < n; i++) {
        Value v = r[i];
        r[i] = EMPTY;
        saved->items[i].init(saved.get(), Ref::adopt(v));
      }
      f->saved.store(f, saved.value());
    }
    f->last_unit = frame::unit_index(r);
    // Frames that run on behalf of this one stay linked, as a traceback's frames show their callers.
    if (Value* caller = frame::caller(r); caller != nullptr && !(frame::info(r).flags & frame_flag::kGenerator)) {
      RefTo<FrameObject> back = frame_object_of(t, caller);
      f->back.store(f, back.value());
    }
    __atomic_store_n(&f->registers, nullptr, __ATOMIC_RELEASE);
    f->thread = nullptr;
  }
  f->replaced.clear(f);
  Value word = frame::frame_object(r);
  if (only_reference(f)) f->registers = nullptr;
  frame::frame_object(r) = EMPTY;
  frame::info(r).flags &= u16(~frame_flag::kObserved);
  release(word);
}

void pop_frame(Thread& t, Value* r) {
  if (!frame::frame_object(r).is_empty()) detach_frame_object(t, r);
  drop_registers(r, 0, frame::code(r)->register_count);
  // A finaliser may have asked for the frame object again.
  if (!frame::frame_object(r).is_empty()) [[unlikely]] detach_frame_object(t, r);
  Value function = frame::function_word(r);
  t.frame = frame::caller(r);
  t.recursion_depth--;
  for (int i = 1; i <= kFrameHeader; i++) r[-i] = EMPTY;
  release(function);
}

void for_each_active_frame_range(Thread& t, void (*f)(Value* first, Value* last, void* context), void* context) {
  Value* next = nullptr;  // the frame above: its window lies in the registers of its caller
  for (Value* r = t.frame; r != nullptr; r = frame::caller(r)) {
    Value* last = r + frame::code(r)->register_count;
    if (next != nullptr && next > r && next - kFrameHeader - 1 < last) last = next - kFrameHeader - 1;
    // One word more in front: the instance that a constructor frame makes.
    f(r - kFrameHeader - 1, last, context);
    next = r;
  }
}

Value* caller_frame(Thread& t, int depth) {
  Value* r = t.frame;
  while (r != nullptr && depth-- > 0) r = frame::caller(r);
  return r;
}

Ref current_globals(Thread& t) { return t.frame ? frame::function(t.frame)->globals.load() : Ref(); }
Ref current_builtins(Thread& t) {
  return Ref::copy(t.frame ? function_builtins(frame::function(t.frame)) : Value(builtins_dict()));
}

Ref current_locals(Thread& t) {
  Value* r = t.frame;
  if (r == nullptr) return raise(t, exc::SystemError, "frame does not exist");
  Code* code = frame::code(r);
  bool is_namespace = code->flags & (code_flag::kModule | code_flag::kClassBody);
  RefTo<Dict> locals = TRY(dict_new(t));
  Tuple* names = code->variable_names.as<Tuple>();
  // The variables of a comprehension that runs now hide those of the function, and in a class or module all the others.
  for (u8 hidden : {u8(0), u8(VariableKind::kHiddenLocal)}) {
    if (hidden == 0 && is_namespace) continue;
    for (u32 i = 0; i < code->local_count; i++) {
      u8 kind = code->variable_kinds[i];
      if ((kind & u8(VariableKind::kHiddenLocal)) != hidden) continue;
      Ref v = Ref::copy(r[i]);
      if ((kind & (u8(VariableKind::kCell) | u8(VariableKind::kFree))) && is_exact_cell(v)) v = v.as<Cell>()->contents.load();
      if (v.is_empty()) continue;
      TRY(dict_set_str(t, locals.get(), names->items[i].as<Str>(), v));
    }
  }
  if (is_namespace && dict_size(locals.get()) == 0) return Ref::copy(r[0]);
  // Names written through frame.f_locals that are no variables of the code.
  if (!frame::frame_object(r).is_empty()) {
    Value extra = frame::frame_object(r).as<FrameObject>()->extra_locals.peek();
    if (!extra.is_empty()) TRY(dict_update_py(t, locals.get(), extra));
  }
  return locals;
}

Status super_arguments_from_frame(Thread& t, Ref* cls, Ref* object) {
  Value* r = t.frame;
  if (r == nullptr) return raise(t, exc::RuntimeError, "super(): no current frame");
  Code* code = frame::code(r);
  if (code->argument_count == 0) return raise(t, exc::RuntimeError, "super(): no arguments");
  Value first = r[0];
  if ((code->local_count > 0 && (code->variable_kinds[0] & u8(VariableKind::kCell))) && is_exact_cell(first))
    first = first.as<Cell>()->contents.peek();
  if (first.is_empty()) return raise(t, exc::RuntimeError, "super(): arg[0] deleted");
  if (code->class_cell_register == kNoRegister) return raise(t, exc::RuntimeError, "super(): __class__ cell not found");
  Value cell = r[code->class_cell_register];
  if (!is_exact_cell(cell)) return raise(t, exc::RuntimeError, "super(): bad __class__ cell");
  Value type = cell.as<Cell>()->contents.peek();
  if (type.is_empty()) return raise(t, exc::RuntimeError, "super(): empty __class__ cell");
  if (!is_type(type)) return raise(t, exc::RuntimeError, "super(): __class__ is not a type (%T)", type);
  *cls = Ref::copy(type);
  *object = Ref::copy(first);
  return ok();
}

}  // namespace typhon
