// Exceptions: handling, matching, raising; except*.
#include "interpreter/dispatch.h"

namespace typhon {
namespace {

TYPHON_NOINLINE bool push_exception_step(Thread& t, Value* r, Instr* pc) {
  save_pc(r, pc);
  Value now = acquire(r[pc->b]);
  Value before = t.exception_top->exception;
  t.exception_top->exception = now;
  set_register(r, pc->a, before);
  return true;
}
TYPHON_NOINLINE bool pop_exception_step(Thread& t, Value* r, Instr* pc) {
  save_pc(r, pc);
  Value before = take_operand(r, pc, kConsumeA, pc->a);
  Value handled = t.exception_top->exception;
  t.exception_top->exception = before.is_empty() ? None : before;
  release(handled);
  return true;
}
TYPHON_NOINLINE bool match_step(Thread& t, Value* r, Instr* pc) {
  save_pc(r, pc);
  Result<bool> matches = exception_matches(t, r[pc->b], r[pc->c]);
  if (matches.failed()) return false;
  consume(r, pc, kConsumeC, pc->c);
  set_register(r, pc->a, Value::boolean(matches.get()));
  return true;
}

TYPHON_NOINLINE bool raise_step(Thread& t, Value* r, Instr* pc) {
  save_pc(r, pc);
  Ref exception = Ref::copy(r[pc->a]);
  Ref cause = pc->b == kNoRegister ? Ref() : Ref::copy(r[pc->b]);
  (void)raise_statement(t, exception.get(), cause.get());
  return false;
}
// Raises what is handled again; true: as it was, without a new traceback row.
TYPHON_NOINLINE bool raise_last_step(Thread& t, Value* r, Instr* pc) {
  save_pc(r, pc);
  Value handled = handled_exception(t);
  if (handled.is_none() || handled.is_empty()) {
    (void)raise(t, exc::RuntimeError, "No active exception to reraise");
    return false;
  }
  restore_exception(t, Ref::copy(handled));
  return true;
}
TYPHON_NOINLINE bool reraise_step(Thread& t, Value* r, Instr* pc) {
  save_pc(r, pc);
  Ref exception = Ref::adopt(take_operand(r, pc, kConsumeA, pc->a));
  if (exception.get().is_none() || exception.is_empty()) {
    (void)raise(t, exc::RuntimeError, "No active exception to reraise");
    return false;
  }
  restore_exception(t, std::move(exception));
  return true;
}

TYPHON_NOINLINE bool exception_type_step(Value* r, Instr* pc) {
  save_pc(r, pc);
  set_register(r, pc->a, acquire(Value(type_of(r[pc->b]))));
  return true;
}
TYPHON_NOINLINE bool exception_traceback_step(Value* r, Instr* pc) {
  save_pc(r, pc);
  Value v = r[pc->b].as<BaseException>()->traceback.peek();
  set_register(r, pc->a, v.is_empty() ? None : acquire(v));
  return true;
}

// False: re-raised, as it was.
TYPHON_NOINLINE bool end_async_for_step(Thread& t, Value* r, Instr* pc) {
  save_pc(r, pc);
  Ref exception = Ref::adopt(take_operand(r, pc, kConsumeA, pc->a));
  if (is_instance_of(exception.get(), exc::StopAsyncIteration)) return true;
  restore_exception(t, std::move(exception));
  return false;
}

TYPHON_NOINLINE void stop_iteration_step(Thread& t, Value* r, Instr* pc) {
  save_pc(r, pc);
  Ref exception = Ref::adopt(take_operand(r, pc, kConsumeA, pc->a));
  u32 flags = frame::code(r)->flags;
  const char* message = nullptr;
  if (is_instance_of(exception.get(), exc::StopIteration))
    message = flags & code_flag::kAsyncGenerator ? "async generator raised StopIteration"
              : flags & code_flag::kCoroutine    ? "coroutine raised StopIteration"
                                                 : "generator raised StopIteration";
  else if ((flags & code_flag::kAsyncGenerator) && is_instance_of(exception.get(), exc::StopAsyncIteration))
    message = "async generator raised StopAsyncIteration";
  if (message == nullptr) {
    restore_exception(t, std::move(exception));
    return;
  }
  (void)raise(t, exc::RuntimeError, "%s", message);
  Ref error = take_exception(t);
  BaseException* object = error.as<BaseException>();
  object->cause.store(object, exception.get());
  object->context.store(object, exception.get());
  object->suppress_context = true;
  restore_exception(t, std::move(error));
}

// --- except*
Status check_group_match_type(Thread& t, Value type) {
  constexpr const char* kNotException = "catching classes that do not inherit from BaseException is not allowed";
  auto check_one = [&](Value c) -> Status {
    if (!is_type(c) || !is_subtype(c.as<Type>(), exc::BaseException)) return raise(t, exc::TypeError, "%s", kNotException);
    if (is_subtype(c.as<Type>(), exc::BaseExceptionGroup))
      return raise(t, exc::TypeError, "catching ExceptionGroup with except* is not allowed. Use except instead.");
    return ok();
  };
  if (!is_tuple(type)) return check_one(type);
  Tuple* tuple = type.as<Tuple>();
  for (size_t i = 0; i < tuple->size; i++) TRY(check_one(tuple->items[i].peek()));
  return ok();
}

Ref make_group(Thread& t, Value exceptions) {
  // BaseExceptionGroup(...) makes an ExceptionGroup when all are Exceptions.
  return call_with(t, Value(exc::BaseExceptionGroup), Value(empty_str()), exceptions);
}

TYPHON_NOINLINE bool group_match_step(Thread& t, Value* r, Instr* pc) {
  save_pc(r, pc);
  Ref exception = Ref::copy(r[pc->b]), type = Ref::copy(r[pc->c]);
  consume(r, pc, kConsumeC, pc->c);
  Ref match = Ref::none(), rest = Ref::none();
  if (!exception.get().is_none()) {
    if (check_group_match_type(t, type.get()).failed()) return false;
    Result<bool> whole = exception_matches(t, exception.get(), type.get());
    if (whole.failed()) return false;
    bool group = is_instance_of(exception.get(), exc::BaseExceptionGroup);
    if (whole.get()) {
      if (group) {
        match = std::move(exception);
      } else {
        RefTo<Tuple> one = tuple_of(t, exception.get());
        if (one.failed()) return false;
        match = make_group(t, one.value());
        if (match.failed()) return false;
        BaseException* made = match.as<BaseException>();
        made->traceback.store(made, exception.as<BaseException>()->traceback.peek());
      }
    } else if (group) {
      RefTo<Str> split = str_from_ascii(t, "split");
      RefTo<Str> name = str_intern(t, split.value());
      Ref pair = call_method_with(t, exception.get(), name.get(), type.get());
      if (pair.failed()) return false;
      if (is_tuple(pair.get()) && pair.as<Tuple>()->size < 2) {
        (void)raise(t, exc::TypeError, "%N.split must return a 2-tuple, got tuple of size %zd", type_of(exception.get()),
                    i64(pair.as<Tuple>()->size));
        return false;
      }
      if (!is_tuple(pair.get())) {
        (void)raise(t, exc::TypeError, "%N.split must return a tuple, not %T", type_of(exception.get()), pair.get());
        return false;
      }
      match = pair.as<Tuple>()->items[0].load();
      rest = pair.as<Tuple>()->items[1].load();
    } else {
      rest = std::move(exception);
    }
  }
  set_register(r, pc->a, std::move(match));
  set_register(r, pc->a + 1, std::move(rest));
  return true;
}

// Raised again as it was, rather than raised anew: the parts of a group share its metadata.
bool same_metadata(BaseException* a, BaseException* b) {
  return a->traceback.peek().bits == b->traceback.peek().bits && a->cause.peek().bits == b->cause.peek().bits &&
         a->context.peek().bits == b->context.peek().bits;
}

Status collect_leaves(Thread& t, Value exception, Set* leaves) {
  if (!is_instance_of(exception, exc::BaseExceptionGroup)) {
    (void)TRY(set_add_py(t, leaves, Value::small_int(i64(u64(exception.object()) >> 4))));
    return ok();
  }
  Tuple* parts = exception.as<ExceptionGroupObject>()->exceptions.as<Tuple>();
  for (size_t i = 0; i < parts->size; i++) TRY(collect_leaves(t, parts->items[i].peek(), leaves));
  return ok();
}
Ref is_kept_leaf(Thread& t, Value self, Args args) {
  if (args.count != 1) return raise(t, exc::TypeError, "expected one argument");
  if (is_instance_of(args[0], exc::BaseExceptionGroup)) return Ref::boolean(false);
  return Ref::boolean(TRY(set_contains_py(t, self.as<Set>(), Value::small_int(i64(u64(args[0].object()) >> 4)))));
}
const Method kLeafTest = raw_method("is_kept_leaf", is_kept_leaf);

// The part of `original` whose leaves are those of `parts`.
Ref project(Thread& t, Value original, List* parts) {
  if (list_size(parts) == 0) return Ref::none();
  RefTo<Set> leaves = TRY(set_new(t));
  for (size_t i = 0; i < list_size(parts); i++) {
    Ref part = list_get(t, parts, i);
    TRY(collect_leaves(t, part.get(), leaves.get()));
  }
  Ref test = TRY(native_function_new(t, &kLeafTest, leaves.value(), EMPTY));
  RefTo<Str> text = str_from_ascii(t, "split");
  RefTo<Str> name = str_intern(t, text.value());
  Ref pair = TRY(call_method_with(t, original, name.get(), test.get()));
  return pair.as<Tuple>()->items[0].load();
}

Ref prepare_reraise(Thread& t, Value original, List* raised_or_left) {
  size_t n = list_size(raised_or_left);
  if (n == 0) return Ref::none();
  if (!is_instance_of(original, exc::BaseExceptionGroup)) return list_get(t, raised_or_left, 0);
  RefTo<List> raised = list_new(t), again = list_new(t);
  for (size_t i = 0; i < n; i++) {
    Ref e = list_get(t, raised_or_left, i);
    if (e.is_empty() || e.get().is_none()) continue;
    bool same = same_metadata(e.as<BaseException>(), original.as<BaseException>());
    TRY(list_append(t, same ? again.get() : raised.get(), e.get()));
  }
  Ref kept = TRY(project(t, original, again.get()));
  if (list_size(raised.get()) == 0) return kept;
  if (!kept.get().is_none()) TRY(list_append(t, raised.get(), kept.get()));
  if (list_size(raised.get()) > 1) return make_group(t, raised.value());
  return list_get(t, raised.get(), 0);
}
TYPHON_NOINLINE bool prepare_reraise_step(Thread& t, Value* r, Instr* pc) {
  save_pc(r, pc);
  Ref list = Ref::copy(r[pc->c]);
  return finish_dss(r, pc, prepare_reraise(t, r[pc->b], list.as<List>()));
}

}  // namespace

HANDLER(PUSH_EXC) { STEP(push_exception_step(*t, r, pc), 1); }
HANDLER(POP_EXC) { STEP(pop_exception_step(*t, r, pc), 1); }
HANDLER(EXC_MATCH) { STEP(match_step(*t, r, pc), 1); }
HANDLER(EG_MATCH) { STEP(group_match_step(*t, r, pc), 1); }
HANDLER(PREP_RERAISE_STAR) { STEP(prepare_reraise_step(*t, r, pc), 1); }
HANDLER(RAISE) {
  (void)raise_step(*t, r, pc);
  TAIL(op_raise);
}
HANDLER(RAISE_LAST) {
  if (raise_last_step(*t, r, pc)) TAIL(op_unwind);
  TAIL(op_raise);
}
HANDLER(RERAISE) {
  if (reraise_step(*t, r, pc)) TAIL(op_unwind);
  TAIL(op_raise);
}
HANDLER(EXC_TYPE) { STEP(exception_type_step(r, pc), 1); }
HANDLER(EXC_TRACEBACK) { STEP(exception_traceback_step(r, pc), 1); }
HANDLER(END_ASYNC_FOR) {
  if (!end_async_for_step(*t, r, pc)) TAIL(op_unwind);
  NEXT(1);
}
HANDLER(STOPITERATION_ERROR) {
  stop_iteration_step(*t, r, pc);
  TAIL(op_unwind);
}

}  // namespace typhon
