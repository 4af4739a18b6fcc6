// asyncio.Future, and the iterator that `await` drives.
#include "modules/_asyncio/base_loop.h"

namespace typhon::asyncio {

Type *g_future_type, *g_future_iterator_type;

void visit_future(Object* self, Visitor& visitor) {
  auto* f = static_cast<Future*>(self);
  visitor.fields(&f->loop, size_t(&f->awaited_by - &f->loop) + 1);
}

Status check_initialised(Thread& t, const Future* f) {
  if (f->loop.is_empty()) [[unlikely]] return raise(t, exc::RuntimeError, "Future object is not initialized.");
  return ok();
}

namespace {

Raised raise_invalid_state(Thread& t, const char* text) {
  Result<Value> type = library(t, Library::kInvalidStateError);
  if (type.failed()) return Raised{};
  return raise(t, type.get().as<Type>(), "%s", text);
}

void set_state(Future* f, FutureState state) { __atomic_store_n(&f->progress, u8(state), __ATOMIC_RELEASE); }

// The callbacks of a future that has just been done.
struct Callbacks {
  Ref first, context, more;
};

// The one transition out of kPending: stores `value` (owned, may be EMPTY) in `slot` and takes the callbacks. False, with
// nothing changed, when it was made already.
bool complete(Thread& t, Future* f, FutureState state, Field* slot, Ref&& value, Callbacks* callbacks) {
  publish_for(f, value.get());
  Value word = value.is_empty() ? EMPTY : to_heap_word(value.take());
  Value old = EMPTY;
  {
    ObjectLock lock(t, f);
    if (state_of(f) != FutureState::kPending) {
      old = word;
      word = ERROR;
    } else {
      if (!word.is_empty()) {
        old = *slot->address();
        put_word(*slot, word);
      }
      callbacks->first = f->callback.take(f);
      callbacks->context = f->context.take(f);
      callbacks->more = f->more_callbacks.take(f);
      set_state(f, state);
    }
  }
  Field::release_heap(old);
  return !word.is_error();
}

Status schedule(Thread& t, Value self, Callbacks& callbacks) {
  if (callbacks.first.is_empty() && callbacks.more.is_empty()) return ok();
  Ref loop = self.as<Future>()->loop.load();
  if (!callbacks.first.is_empty()) TRY(call_soon(t, loop.get(), callbacks.first.get(), self, callbacks.context.get()));
  if (callbacks.more.is_empty()) return ok();
  RootedVector links(t);  // the last one first
  for (Ref link = std::move(callbacks.more); is_tuple(link.get()); link = link.as<Tuple>()->items[2].load()) links.push(link.dup());
  for (size_t i = links.size(); i-- > 0;) {
    Field* items = links[i].as<Tuple>()->items;
    TRY(call_soon(t, loop.get(), items[0].peek(), self, items[1].peek()));
  }
  return ok();
}

}  // namespace

void forget_finaliser(Future* f) {
  Type* type = type_of_object(f);
  if (type != g_future_type && type != g_task_type) return;  // __del__ of a subclass
  __atomic_fetch_or(&f->state, state::kFinalized, __ATOMIC_RELAXED);
}

Status future_init(Thread& t, Value self, Value loop) {
  auto* f = self.as<Future>();
  for (Field* field = &f->loop; field <= &f->awaited_by; field++) field->clear(f);
  set_state(f, FutureState::kPending);
  f->blocking = f->log_traceback = 0;
  Ref own = loop.is_empty() || loop.is_none() ? TRY(get_event_loop(t)) : Ref::copy(loop);
  bool traced = false;
  if (!is_plain_loop_without_debug(own.get())) {
    Ref debug = TRY(call_method(t, own.get(), name::get_debug, nullptr, 0));
    traced = TRY(truth(t, debug.get()));
  }
  f->loop.store(f, std::move(own));
  if (!traced) return ok();
  Value extract_stack = TRY(library(t, Library::kExtractStack));
  f->source_traceback.store(f, TRY(call(t, extract_stack)));
  return ok();
}

Status call_soon(Thread& t, Value loop, Value callback, Value argument, Value context) {
  if (TRY(call_soon_natively(t, loop, callback, Args{&argument, argument.is_empty() ? 0u : 1u}, context))) return ok();
  static GlobalRoot keywords;  // ("context",)
  if (keywords.get().is_empty()) keywords.set(t, TRY(tuple_of(t, Value(name::context))));
  bool self_wanted;
  Ref function = TRY(get_method(t, loop, name::call_soon, &self_wanted));
  Value words[4];
  u32 n = 0;
  if (self_wanted) words[n++] = loop;
  words[n++] = callback;
  if (!argument.is_empty()) words[n++] = argument;
  Args args{words, n, nullptr, 0};
  if (!context.is_empty()) {
    words[n] = context;
    args.names = keywords.as<Tuple>();
    args.keyword_count = 1;
  }
  TRY(call(t, function.get(), args));
  return ok();
}

Status add_callback(Thread& t, Future* f, Value callback, Value context) {
  publish_for(f, callback);
  publish_for(f, context);
  for (;;) {
    Ref before;
    {
      Value word = heap_copy(callback), context_word = heap_copy(context);
      bool stored = false;
      FutureState state;
      {
        ObjectLock lock(t, f);
        state = state_of(f);
        if (state == FutureState::kPending && f->callback.is_empty() && f->more_callbacks.is_empty()) {
          put_word(f->callback, word);
          put_word(f->context, context_word);
          stored = true;
        }
        before = f->more_callbacks.load();
      }
      if (stored) return ok();
      Field::release_heap(word);
      Field::release_heap(context_word);
      if (state != FutureState::kPending) {
        Ref loop = f->loop.load();
        return call_soon(t, loop.get(), callback, Value(f), context);
      }
    }
    RefTo<Tuple> link = TRY(tuple_of(t, callback, context, before.is_empty() ? None : before.get()));
    publish_for(f, link.value());
    Value old = EMPTY;
    bool stored = false;
    {
      ObjectLock lock(t, f);
      if (state_of(f) == FutureState::kPending && f->more_callbacks.peek().same_word(before.get()) && !f->callback.is_empty()) {
        old = f->more_callbacks.exchange(f, std::move(link).release_ref());
        stored = true;
      }
    }
    Field::release_heap(old);
    if (stored) return ok();
  }
}

Ref make_cancelled_error(Thread& t, Future* f) {
  Ref saved = f->cancelled_error.take(f);
  if (!saved.is_empty()) return saved;
  Value type = TRY(library(t, Library::kCancelledError));
  Ref message = f->cancel_message.load();
  if (message.is_empty() || message.get().is_none()) return call(t, type);
  return call_with(t, type, message.get());
}

Result<bool> future_cancel(Thread& t, Value self, Value message) {
  auto* f = self.as<Future>();
  f->log_traceback = 0;
  if (state_of(f) != FutureState::kPending) return false;
  Callbacks callbacks;
  if (!complete(t, f, FutureState::kCancelled, &f->cancel_message, Ref::copy(message), &callbacks)) return false;
  forget_finaliser(f);
  TRY(schedule(t, self, callbacks));
  return true;
}

Status future_set_result(Thread& t, Value self, Value result) {
  auto* f = self.as<Future>();
  TRY(check_initialised(t, f));
  Callbacks callbacks;
  if (state_of(f) != FutureState::kPending ||
      !complete(t, f, FutureState::kFinished, &f->result, Ref::copy(result), &callbacks))
    return raise_invalid_state(t, "invalid state");
  forget_finaliser(f);
  return schedule(t, self, callbacks);
}

namespace {
// What set_exception() stores for its argument.
Ref exception_to_store(Thread& t, Value given) {
  Ref exception = is_type(given) ? TRY(call(t, given)) : Ref::copy(given);
  if (!is_BaseException(exception.get())) return raise(t, exc::TypeError, "invalid exception object");
  if (!is_instance_of(exception.get(), exc::StopIteration)) return exception;
  RefTo<Str> text = TRY(str_from_ascii(t, "StopIteration interacts badly with generators and cannot be raised into a Future"));
  Ref instead = TRY(make_exception(t, exc::RuntimeError, text));
  auto* e = instead.as<BaseException>();
  e->cause.store(e, exception.get());
  e->context.store(e, exception.get());
  e->suppress_context = true;
  return instead;
}
}  // namespace

Status future_set_exception(Thread& t, Value self, Value given) {
  auto* f = self.as<Future>();
  TRY(check_initialised(t, f));
  if (state_of(f) != FutureState::kPending) return raise_invalid_state(t, "invalid state");
  Ref exception = TRY(exception_to_store(t, given));
  f->exception_traceback.store(f, exception.as<BaseException>()->traceback.load());
  Callbacks callbacks;
  if (!complete(t, f, FutureState::kFinished, &f->exception, std::move(exception), &callbacks))
    return raise_invalid_state(t, "invalid state");
  TRY(schedule(t, self, callbacks));
  f->log_traceback = 1;
  return ok();
}

Ref future_result(Thread& t, Future* f) {
  if (f->loop.is_empty()) return raise_invalid_state(t, "Future object is not initialized.");
  switch (state_of(f)) {
    case FutureState::kPending: return raise_invalid_state(t, "Result is not set.");
    case FutureState::kCancelled: return raise_exception(t, TRY(make_cancelled_error(t, f)));
    default: break;
  }
  f->log_traceback = 0;
  Ref exception = f->exception.load();
  if (exception.is_empty()) return f->result.load();
  auto* e = exception.as<BaseException>();
  e->traceback.store(e, f->exception_traceback.take(f));
  return raise_exception(t, std::move(exception));
}

Status awaited_by_add(Thread& t, Value future, Value waiter) {
  if (!is_future(future) || !is_future(waiter)) return ok();
  auto* f = future.as<Future>();
  Ref known = f->awaited_by.load();
  if (known.is_empty()) {
    f->awaited_by.store(f, waiter);
    return ok();
  }
  if (is_set(known.get())) {
    TRY(set_add_py(t, known.as<Set>(), waiter));
    return ok();
  }
  RefTo<Set> several = TRY(set_new(t));
  TRY(set_add_py(t, several.get(), known.get()));
  TRY(set_add_py(t, several.get(), waiter));
  f->awaited_by.store(f, several.value());
  return ok();
}

Status awaited_by_discard(Thread& t, Value future, Value waiter) {
  if (!is_future(future) || !is_future(waiter)) return ok();
  auto* f = future.as<Future>();
  Ref known = f->awaited_by.load();
  if (known.is_empty()) return ok();
  if (is_set(known.get()))
    TRY(set_discard_py(t, known.as<Set>(), waiter));
  else if (known.get().same_word(waiter))
    f->awaited_by.clear(f);
  return ok();
}

Ref loop_of(Thread& t, Value future) {
  if (is_future(future)) {
    TRY(check_initialised(t, future.as<Future>()));
    return future.as<Future>()->loop.load();
  }
  Ref method = TRY(get_attribute_or_empty(t, future, name::get_loop));
  if (method.is_empty()) return get_attribute(t, future, name::_loop);
  return call(t, method.get());
}

namespace {

// Tells the loop what went wrong, from a finaliser.
void report(Thread& t, Value self, Str* role, RefTo<Str>&& message, Value exception) {
  auto* f = self.as<Future>();
  RefTo<Dict> context = dict_new(t);
  Status built = context.failed() || message.failed() ? Status(Raised{}) : dict_set_str(t, context.get(), name::message, message.value());
  if (!built.failed() && !exception.is_empty()) built = dict_set_str(t, context.get(), name::exception, exception);
  if (!built.failed()) built = dict_set_str(t, context.get(), role, self);
  Ref source = f->source_traceback.load();
  if (!built.failed() && !source.is_empty() && !source.get().is_none())
    built = dict_set_str(t, context.get(), name::source_traceback, source.get());
  Ref loop = f->loop.load();
  Ref handler = built.failed() ? Ref::error() : get_attribute(t, loop.get(), name::call_exception_handler);
  if (handler.failed()) return write_unraisable(t, nullptr, self);
  if (call_with(t, handler.get(), context).failed()) write_unraisable(t, "while calling asyncio function", handler.get());
}

}  // namespace

void finalise_future(Thread& t, Value self) {
  auto* f = self.as<Future>();
  if (is_task(self) && state_of(f) == FutureState::kPending && f->log_destroy_pending && !f->loop.is_empty())
    report(t, self, name::task, str_from_ascii(t, "Task was destroyed but it is pending!"), EMPTY);
  if (!f->log_traceback) return;
  f->log_traceback = 0;
  Ref exception = f->exception.load();
  report(t, self, name::future, str_format(t, "%V exception was never retrieved", type_of(self)->name.peek()), exception.get());
}

namespace {

Future* self_of(Value v) { return v.as<Future>(); }

Status init(Thread& t, Value self, Args args) {
  static const Signature& signature = parse_signature("(*, loop=None)");
  if (args.count != 0) return raise(t, exc::TypeError, "Future() takes no positional arguments");
  Value a[1];
  Ref keep;
  TRY(bind_arguments(t, signature, "Future", args, a, &keep));
  return future_init(t, self, a[0]);
}
Ref new_future(Thread& t, Type* cls, Args) { return allocate_instance(t, cls); }

Ref m_result(Thread& t, Value self, const Value*) { return future_result(t, self_of(self)); }
Ref m_exception(Thread& t, Value self, const Value*) {
  auto* f = self_of(self);
  if (f->loop.is_empty()) return raise_invalid_state(t, "Future object is not initialized.");
  if (state_of(f) == FutureState::kCancelled) return raise_exception(t, TRY(make_cancelled_error(t, f)));
  if (state_of(f) == FutureState::kPending) return raise_invalid_state(t, "Exception is not set.");
  f->log_traceback = 0;
  Ref exception = f->exception.load();
  return exception.is_empty() ? Ref::none() : std::move(exception);
}
Ref m_set_result(Thread& t, Value self, const Value* a) {
  TRY(future_set_result(t, self, a[0]));
  return Ref::none();
}
Ref m_set_exception(Thread& t, Value self, const Value* a) {
  TRY(future_set_exception(t, self, a[0]));
  return Ref::none();
}
Ref m_add_done_callback(Thread& t, Value self, const Value* a) {
  if (self_of(self)->loop.is_empty()) return raise(t, exc::RuntimeError, "uninitialized Future object");
  Ref context = a[1].is_empty() || a[1].is_none() ? TRY(copy_current_context(t)) : Ref::copy(a[1]);
  TRY(add_callback(t, self_of(self), a[0], context.get()));
  return Ref::none();
}

// The callbacks with their contexts, in order: (callback, context[, ...]) tuples.
Status list_callbacks(Thread& t, Future* f, RootedVector& out) {
  Ref first, context, more;
  {
    ObjectLock lock(t, f);
    first = f->callback.load();
    context = f->context.load();
    more = f->more_callbacks.load();
  }
  RootedVector reversed(t);
  for (Ref link = std::move(more); is_tuple(link.get()); link = link.as<Tuple>()->items[2].load())
    reversed.push(TRY(tuple_from(t, reinterpret_cast<const Value*>(link.as<Tuple>()->items), 2)));
  if (!first.is_empty()) out.push(TRY(tuple_of(t, first.get(), context.get())));
  for (size_t i = reversed.size(); i-- > 0;) out.push_copy(reversed[i]);
  return ok();
}

Ref m_remove_done_callback(Thread& t, Value self, const Value* a) {
  auto* f = self_of(self);
  TRY(check_initialised(t, f));
  RootedVector all(t), kept(t);
  TRY(list_callbacks(t, f, all));
  for (size_t i = 0; i < all.size(); i++) {
    Ref callback = all[i].as<Tuple>()->items[0].load();
    if (!TRY(equal(t, callback.get(), a[0]))) kept.push_copy(all[i]);
  }
  size_t removed = all.size() - kept.size();
  // What the comparisons did to the list of callbacks meanwhile is lost, unless they ended the future.
  if (removed == 0 || state_of(f) != FutureState::kPending) return int_from(t, i64(removed));
  Ref first, context, more;
  for (size_t i = 0; i < kept.size(); i++) {
    Field* items = kept[i].as<Tuple>()->items;
    if (i == 0) {
      first = items[0].load();
      context = items[1].load();
    } else {
      more = TRY(tuple_of(t, items[0].peek(), items[1].peek(), more.is_empty() ? None : more.get()));
    }
  }
  f->callback.store(f, std::move(first));
  f->context.store(f, std::move(context));
  f->more_callbacks.store(f, std::move(more));
  return int_from(t, i64(removed));
}

Ref m_cancel(Thread& t, Value self, const Value* a) {
  TRY(check_initialised(t, self_of(self)));
  return Ref::boolean(TRY(future_cancel(t, self, a[0].is_empty() ? None : a[0])));
}
Ref m_cancelled(Thread&, Value self, const Value*) {
  return Ref::boolean(!self_of(self)->loop.is_empty() && state_of(self_of(self)) == FutureState::kCancelled);
}
Ref m_done(Thread&, Value self, const Value*) {
  return Ref::boolean(!self_of(self)->loop.is_empty() && state_of(self_of(self)) != FutureState::kPending);
}
Ref m_get_loop(Thread& t, Value self, const Value*) {
  TRY(check_initialised(t, self_of(self)));
  return self_of(self)->loop.load();
}
Ref m_make_cancelled_error(Thread& t, Value self, const Value*) { return make_cancelled_error(t, self_of(self)); }
Ref m_del(Thread& t, Value self, const Value*) {
  finalise_future(t, self);
  return Ref::none();
}

Ref g_blocking(Thread&, Value self) { return Ref::boolean(!self_of(self)->loop.is_empty() && self_of(self)->blocking); }
Status s_blocking(Thread& t, Value self, Value value) {
  TRY(check_initialised(t, self_of(self)));
  if (value.is_empty())
    return raise(t, exc::AttributeError, "attribute '_asyncio_future_blocking' of '%.100s' objects cannot be deleted",
                 type_of(self)->native_name);
  self_of(self)->blocking = TRY(truth(t, value));
  return ok();
}
Ref none_if_empty(Ref&& v) { return v.is_empty() ? Ref::none() : std::move(v); }
template <Field Future::* field>
Ref get_field(Thread&, Value self) {
  return none_if_empty((self_of(self)->*field).load());
}
template <Field Future::* field>
Ref get_checked(Thread& t, Value self) {
  TRY(check_initialised(t, self_of(self)));
  return none_if_empty((self_of(self)->*field).load());
}
Ref g_log_traceback(Thread& t, Value self) {
  TRY(check_initialised(t, self_of(self)));
  return Ref::boolean(self_of(self)->log_traceback);
}
Status s_log_traceback(Thread& t, Value self, Value value) {
  if (value.is_empty())
    return raise(t, exc::AttributeError, "attribute '_log_traceback' of '%.100s' objects cannot be deleted",
                 type_of(self)->native_name);
  if (TRY(truth(t, value))) return raise(t, exc::ValueError, "_log_traceback can only be set to False");
  self_of(self)->log_traceback = 0;
  return ok();
}
Ref g_callbacks(Thread& t, Value self) {
  TRY(check_initialised(t, self_of(self)));
  RootedVector all(t);
  TRY(list_callbacks(t, self_of(self), all));
  if (all.empty()) return Ref::none();
  return list_from(t, all.data(), all.size());
}
Status s_cancel_message(Thread& t, Value self, Value value) {
  if (value.is_empty())
    return raise(t, exc::AttributeError, "attribute '_cancel_message' of '%.100s' objects cannot be deleted",
                 type_of(self)->native_name);
  self_of(self)->cancel_message.store(self.object(), value);
  return ok();
}
Ref g_state(Thread& t, Value self) {
  TRY(check_initialised(t, self_of(self)));
  switch (state_of(self_of(self))) {
    case FutureState::kPending: return str_from_ascii(t, "PENDING");
    case FutureState::kCancelled: return str_from_ascii(t, "CANCELLED");
    default: return str_from_ascii(t, "FINISHED");
  }
}
Ref g_awaited_by(Thread& t, Value self) {
  Ref known = self_of(self)->awaited_by.load();
  if (known.is_empty()) return Ref::none();
  if (is_set(known.get())) return set_from_py(t, known.get(), true);
  RefTo<Tuple> one = TRY(tuple_of(t, known.get()));
  return set_from_py(t, one, true);
}

Ref repr(Thread& t, Value self) {
  TRY(check_initialised(t, self_of(self)));
  Value function = TRY(library(t, Library::kFutureRepr));
  return call_with(t, function, self);
}

// --- the iterator
struct FutureIterator : Object {
  Field future;  // EMPTY once it has ended
};
void visit_iterator(Object* self, Visitor& visitor) { visitor.field(static_cast<FutureIterator*>(self)->future); }

// Yields the future once, if it is pending. EMPTY: ended, with *result.
Ref iterate(Thread& t, Value self, Ref* result) {
  auto* it = self.as<FutureIterator>();
  *result = Ref::none();
  Ref future = it->future.load();
  if (future.is_empty()) return Ref();
  auto* f = self_of(future.get());
  if (state_of(f) == FutureState::kPending) {
    if (!f->blocking) {
      f->blocking = 1;
      return future;
    }
    it->future.clear(it);
    return raise(t, exc::RuntimeError, "await wasn't used with future");
  }
  it->future.clear(it);
  *result = TRY(future_result(t, f));
  return Ref();
}
Ref iterator_next(Thread& t, Value self) {
  Ref result;
  Ref value = iterate(t, self, &result);
  if (!value.is_empty() || result.get().is_none()) return value;
  return raise_stop_iteration(t, result.get());
}
Ref iterator_send(Thread& t, Value self, const Value*) {
  Ref result;
  Ref value = iterate(t, self, &result);
  return value.is_empty() ? Ref(raise_stop_iteration(t, result.get())) : std::move(value);
}
Ref iterator_throw(Thread& t, Value self, const Value* a) {
  if (!a[1].is_empty() || !a[2].is_empty())
    TRY(warn(t, exc::DeprecationWarning, 1,
             "the (type, exc, tb) signature of throw() is deprecated, use the single-arg signature instead."));
  if (!a[2].is_empty() && !a[2].is_none() && !is_traceback(a[2]))
    return raise(t, exc::TypeError, "throw() third argument must be a traceback");
  bool is_class = is_type(a[0]) && is_subtype(a[0].as<Type>(), exc::BaseException);
  if (!is_class && !is_BaseException(a[0]))
    return raise(t, exc::TypeError, "exceptions must be classes deriving BaseException or instances of such a class");
  self.as<FutureIterator>()->future.clear(self.object());
  return raise_exception(t, TRY(exception_from_throw(t, a[0], a[1], a[2])));
}
Ref iterator_close(Thread&, Value self, const Value*) {
  self.as<FutureIterator>()->future.clear(self.object());
  return Ref::none();
}
const Method kIteratorMethods[] = {
    method("send", iterator_send, "($self, value, /)"),
    method("throw", iterator_throw, "($self, type, value=<unrepresentable>, traceback=<unrepresentable>, /)"),
    method("close", iterator_close, "($self, /)"),
    {},
};

}  // namespace

void initialise_future_iterators() { g_result_iterators = {g_future_iterator_type, iterate}; }

Ref future_iter(Thread& t, Value self) {
  TRY(check_initialised(t, self_of(self)));
  auto* it = allocate_native<FutureIterator>(t, g_future_iterator_type);
  Ref result = Ref::adopt(Value(it));
  it->future.init(it, self);
  return result;
}

const Method kFutureMethods[] = {
    method("result", m_result, "($self, /)",
           "Return the result this future represents.\n\nCancelledError when it has been cancelled, InvalidStateError when it "
           "has no\nresult yet, the exception when one has been set."),
    method("exception", m_exception, "($self, /)",
           "Return the exception that was set on this future, or None.\n\nCancelledError when it has been cancelled, "
           "InvalidStateError when it is not\ndone yet."),
    method("set_result", m_set_result, "($self, result, /)",
           "Mark the future done and set its result.\n\nInvalidStateError when it is done already."),
    method("set_exception", m_set_exception, "($self, exception, /)",
           "Mark the future done and set an exception.\n\nInvalidStateError when it is done already."),
    method("add_done_callback", m_add_done_callback, "($self, fn, /, *, context=<unrepresentable>)",
           "Add a callback to be run when the future becomes done.\n\nIt gets the future as its one argument. Of a future that "
           "is done already it is\nscheduled with call_soon."),
    method("remove_done_callback", m_remove_done_callback, "($self, fn, /)",
           "Remove all instances of a callback from the \"call when done\" list.\n\nReturns the number of callbacks removed."),
    method("cancel", m_cancel, "($self, /, msg=None)",
           "Cancel the future and schedule callbacks.\n\nFalse when it is done already, else True."),
    method("cancelled", m_cancelled, "($self, /)", "Return True if the future was cancelled."),
    method("done", m_done, "($self, /)",
           "Return True if the future is done.\n\nThat is, when it has a result or an exception, or was cancelled."),
    method("get_loop", m_get_loop, "($self, /)", "Return the event loop the Future is bound to."),
    method("_make_cancelled_error", m_make_cancelled_error, "($self, /)",
           "Create the CancelledError to raise if the Future is cancelled.\n\nTo be called once: what it was raised from is "
           "forgotten."),
    method("__del__", m_del, "($self, /)"),
    class_method("__class_getitem__", class_getitem, "($type, object, /)",
                 "Futures are generic over the type of their results"),
    {},
};
const GetSet kFutureGetSets[] = {
    {"_state", g_state},
    {"_asyncio_future_blocking", g_blocking, s_blocking},
    {"_loop", get_field<&Future::loop>},
    {"_callbacks", g_callbacks},
    {"_result", get_checked<&Future::result>},
    {"_exception", get_checked<&Future::exception>},
    {"_log_traceback", g_log_traceback, s_log_traceback},
    {"_source_traceback", get_field<&Future::source_traceback>},
    {"_cancel_message", get_field<&Future::cancel_message>, s_cancel_message},
    {"_asyncio_awaited_by", g_awaited_by},
    {},
};

const TypeSpec kFutureSpec = {
    .name = "_asyncio.Future",
    .doc = "The outcome of something that an event loop waits for.\n\nOther than those of concurrent.futures: result() and "
           "exception() do not wait, callbacks\nare called by the loop, and wait() and as_completed() are asyncio's own.",
    .layout = {"Future", sizeof(Future), 0, visit_future, nullptr, nullptr, nullptr},
    .flags = type_flag::kBaseType | type_flag::kImmutable | type_flag::kHasWeakref,
    .slots = {.repr = repr, .iter = future_iter, .new_ = new_future, .init = init, .await = future_iter, .finaliser = finalise_future},
    .methods = kFutureMethods,
    .getsets = kFutureGetSets,
    .text_signature = "(*, loop=None)",
};
const TypeSpec kFutureIteratorSpec = {
    .name = "_asyncio.FutureIter",
    .layout = {"FutureIter", sizeof(FutureIterator), 0, visit_iterator, nullptr, nullptr, nullptr},
    .flags = type_flag::kImmutable | type_flag::kDisallowInstantiation,
    .slots = {.iter = iter_self, .next = iterator_next},
    .methods = kIteratorMethods,
};

}  // namespace typhon::asyncio
