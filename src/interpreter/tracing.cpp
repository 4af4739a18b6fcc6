#include "interpreter/tracing.h"

#include <vector>

#include "heap/checking.h"
#include "interpreter/monitoring.h"
#include "objects/frame_object.h"
#include "threads/world.h"

namespace typhon {

namespace {

HANDLER(traced);

struct TracedTable {
  HandlerEntry entries[kHandlers];
  TracedTable() {
    for (HandlerEntry& e : entries) e.run = op_traced;
    for (u32 kind : {0u, kCarrying, kCarryingFloat}) entries[kind + u8(Op::LOAD_BODY)].run = op_LOAD_BODY;  // no instruction of the program
  }
};
const TracedTable g_traced_handlers;

bool wants_trace(const Thread& t) { return !t.trace_function.is_empty(); }
bool wants_profile(const Thread& t) { return !t.profile_function.is_empty(); }

}  // namespace

void choose_handlers(Thread& t) {
  bool traced = !t.tracing && (wants_trace(t) || wants_profile(t) || monitoring::g_active);
  t.dispatch_table = traced ? g_traced_handlers.entries : g_handlers;
  t.instrumented = traced;
  renew_entry_limit(t);
}

namespace {
thread_local i32 tls_event = -1;
}
i32 current_event() { return tls_event; }

Untraced::Untraced(Thread& t, MonitorEvent event) : thread_(t), before_(t.tracing), event_before_(tls_event) {
  t.tracing = 1;
  tls_event = i32(event);
  choose_handlers(t);
}
Untraced::~Untraced() {
  thread_.tracing = before_;
  tls_event = event_before_;
  choose_handlers(thread_);
}

namespace {

Status call_profile(Thread& t, FrameObject* f, const char* event, Value argument) {
  Ref function = Ref::copy(t.profile_function);
  Ref result;
  {
    Untraced guard(t, MonitorEvent::kCall);
    RefTo<Str> text = str_from_ascii(t, event);
    result = call_with(t, function.get(), Value(f), text.value(), argument);
  }
  if (!result.failed()) return ok();
  set_profile_function(t, None);
  return Raised{};
}

// What sys.monitoring calls the event.
MonitorEvent monitor_event(const FrameObject* f, const char* event) {
  switch (event[0]) {
    case 'c': return f->traced_unit == 0 ? MonitorEvent::kPyStart : MonitorEvent::kPyResume;
    case 'l': return MonitorEvent::kLine;
    case 'o': return MonitorEvent::kInstruction;
    case 'r': return f->traced_suspension ? MonitorEvent::kPyYield : MonitorEvent::kPyReturn;
    default: return MonitorEvent::kRaise;
  }
}

// Calls `function` for the event; what it returns becomes the frame's trace function.
Status call_trace(Thread& t, FrameObject* f, Value function, const char* event, Value argument) {
  Ref keep = Ref::copy(function), result;
  {
    Untraced guard(t, monitor_event(f, event));
    RefTo<Str> text = str_from_ascii(t, event);
    result = call_with(t, keep.get(), Value(f), text.value(), argument);
  }
  if (result.failed()) {
    f->trace.clear(f);
    set_trace_function(t, None);
    return Raised{};
  }
  if (!result.get().is_none()) f->trace.store(f, result.get());
  else if (event[0] == 'c') f->trace.clear(f);
  return ok();
}

// `begins`: a new frame, not one that goes on.
Status call_event(Thread& t, FrameObject* f, bool begins) {
  if (begins) {
    f->traced_line = -1;
    f->traced_unit = 0;
  }
  if (wants_trace(t)) TRY(call_trace(t, f, t.trace_function, "call", None));
  if (wants_profile(t)) TRY(call_profile(t, f, "call", None));
  return ok();
}

Status line_event(Thread& t, FrameObject* f, Value* r) {
  u32 at = frame::unit_index(r);
  i32 line = code_position(frame::code(r), at).line;
  bool back = at < f->traced_unit;
  f->traced_unit = at;
  if (line <= 0) return ok();
  // A frame that ran before anybody watched: the instruction in front of this one tells whether a line begins here.
  if (f->traced_line == 0 && at != 0) f->traced_line = code_position(frame::code(r), at - 1).line;
  if (line == f->traced_line && !back) return ok();
  f->traced_line = line;
  if (!f->trace_lines) return ok();
  return call_trace(t, f, f->trace.peek(), "line", None);
}

Status return_event(Thread& t, FrameObject* f, Value value) {
  if (wants_trace(t) && !f->trace.is_empty()) TRY(call_trace(t, f, f->trace.peek(), "return", value));
  if (wants_profile(t)) TRY(call_profile(t, f, "return", value));
  return ok();
}

// The native function or bound method that the call at `pc` is about to run; EMPTY when it is none.
Ref native_callable(Thread& t, Value* r, Instr* pc) {
  Op op = base_op(Op(pc->op));
  bool method = op == Op::CALL_METHOD || op == Op::CALL_METHOD_KW;
  if (!method && op != Op::CALL && op != Op::CALL_KW && op != Op::CALL_EX) return Ref();
  Value callable = r[pc->b];
  Value self = EMPTY;
  if (op != Op::CALL_EX && is_exact_method(callable)) {
    self = callable.as<BoundMethod>()->self.peek();
    callable = callable.as<BoundMethod>()->function.peek();
  }
  if (is_exact(callable, kShape_builtin_function)) return Ref::copy(callable);
  if (!is_exact(callable, kShape_method_descriptor)) return Ref();
  if (!self.is_empty()) {
    // bound by hand
  } else if (op != Op::CALL_EX) {
    u32 first = pc->b + (method && r[pc->b + 1].is_empty() ? 2 : 1);
    if (pc->c != 0 || (method && first == pc->b + 1u)) self = r[first];
  } else if (is_tuple(r[pc->b + 1]) && r[pc->b + 1].as<Tuple>()->size != 0) {
    self = r[pc->b + 1].as<Tuple>()->items[0].peek();
  }
  if (self.is_empty() || !descriptor_fits(callable, type_of(self))) return Ref();
  return native_function_new(t, callable.as<NativeDescriptor>()->method, self, EMPTY);
}

// c_return or c_exception, if the frame is in a native call that was reported.
Status end_native_call(Thread& t, FrameObject* f, const char* event) {
  Ref callable = f->profiled_call.load();
  if (callable.is_empty()) return ok();
  f->profiled_call.clear(f);
  return wants_profile(t) ? call_profile(t, f, event, callable) : ok();
}

Status trace_step(Thread& t, Value* r, Instr* pc) {
  save_pc(r, pc);
  if (t.tracing) return ok();
  if (monitoring::g_active) TRY(monitoring::step(t, r, pc));
  if (!wants_trace(t) && !wants_profile(t)) return ok();
  Op op = base_op(Op(pc->op));
  if (op == Op::RETURN_GENERATOR || op == Op::COPY_FREE_VARS || op == Op::MAKE_CELL) return ok();  // not begun yet
  RefTo<FrameObject> frame = frame_object_of(t, r);
  FrameObject* f = frame.get();
  TRY(end_native_call(t, f, "c_return"));
  if (op == Op::RESUME || f->traced_suspension) {
    f->traced_suspension = 0;
    TRY(call_event(t, f, op == Op::RESUME));
    if (op == Op::RESUME || frame::pc(r) != pc) return ok();
  }
  if (wants_trace(t) && !f->trace.is_empty()) {
    TRY(line_event(t, f, r));
    if (frame::pc(r) != pc) return ok();  // the function has jumped
    if (f->trace_opcodes && !f->trace.is_empty()) TRY(call_trace(t, f, f->trace.peek(), "opcode", None));
  }
  if (wants_profile(t)) {
    Ref callable = TRY(native_callable(t, r, pc));
    if (!callable.is_empty()) {
      f->profiled_call.store(f, callable);
      return call_profile(t, f, "c_call", callable);
    }
  }
  if (op == Op::RETURN) return return_event(t, f, r[pc->a]);
  if (op == Op::YIELD) {
    f->traced_suspension = 1;
    TRY(return_event(t, f, r[pc->b]));
    if (frame::pc(r) != pc) f->traced_suspension = 0;
  }
  return ok();
}

HANDLER(traced) {
  if (trace_step(*t, r, pc).failed()) TAIL(op_raise);
  if (frame::pc(r) != pc) [[unlikely]] {  // frame.f_lineno was set
    pc = frame::pc(r);
    NEXT_RELOAD(0);
  }
  table = static_cast<const HandlerEntry*>(t->dispatch_table);
  TAIL(g_handlers[u8(base_op(Op(pc->op)))].run);
}

void set_function(Thread& t, Value* where, Value function) {
  Value old = *where;
  *where = function.is_none() || function.is_empty() ? EMPTY : heap_copy(function);
  choose_handlers(t);
  release(old);
}

}  // namespace

// What the old profile function was told has begun, the new one must not be told has ended. Calls drop(word) for what is to be dropped.
template <class F>
static void forget_profiled_calls(Thread& of, F drop) {
  for (Value* r = of.frame; r != nullptr; r = frame::caller(r)) {
    if (frame::frame_object(r).is_empty()) continue;
    FrameObject* f = frame::frame_object(r).as<FrameObject>();
    drop(f->profiled_call.take_word(f));
  }
}

// The words that other threads give up are dropped after the stop, and published in it: then they may be dropped here.
static void set_function_of_others(Thread& t, Value Thread::*where, Value function) {
  if (function.is_object() && !checking::broken(13)) publish(function.object());
  std::vector<Value> dropped;  // counted, all of them
  auto drop = [&](Value word) {
    if (word.bits & 7 || word.is_empty()) return;
    publish(word.object());
    dropped.push_back(word);
  };
  {
    WorldStopped stopped(t);
    for (Thread* other = first_thread(); other != nullptr; other = other->next) {
      if (other == &t || is_helper_thread(*other)) continue;
      if (where == &Thread::profile_function) forget_profiled_calls(*other, drop);
      drop(other->*where);
      other->*where = function.is_none() || function.is_empty() ? EMPTY : heap_copy(function);
      choose_handlers(*other);
    }
  }
  for (Value word : dropped) release(word);
}

void set_trace_function(Thread& t, Value function) { set_function(t, &t.trace_function, function); }
void set_profile_function(Thread& t, Value function) {
  forget_profiled_calls(t, [](Value word) { Field::release_heap(word); });
  set_function(t, &t.profile_function, function);
}
void set_trace_function_of_all(Thread& t, Value function) {
  set_trace_function(t, function);
  set_function_of_others(t, &Thread::trace_function, function);
}
void set_profile_function_of_all(Thread& t, Value function) {
  set_profile_function(t, function);
  set_function_of_others(t, &Thread::profile_function, function);
}

namespace {
// The exception event for the frame's trace function; `exception` is pending nowhere.
Status exception_event(Thread& t, FrameObject* f, Value exception) {
  if (!wants_trace(t) || f->trace.is_empty()) return ok();
  Value traceback = exception.as<BaseException>()->traceback.peek();
  RefTo<Tuple> argument = TRY(tuple_of(t, Value(type_of(exception)), exception, traceback.is_empty() ? None : traceback));
  return call_trace(t, f, f->trace.peek(), "exception", argument.value());
}
}  // namespace

void trace_exception(Thread& t, Value* r, bool again) {
  if (t.tracing) return;
  if (monitoring::g_active) monitoring::exception_passes(t, r, again);
  if (again || (!wants_trace(t) && !wants_profile(t))) return;
  RefTo<FrameObject> frame = frame_object_of(t, r);
  if (!frame->profiled_call.is_empty()) {
    Ref exception = take_exception(t);
    if (end_native_call(t, frame.get(), "c_exception").failed()) return;
    restore_exception(t, std::move(exception));
  }
  Ref exception = take_exception(t);
  if (exception_event(t, frame.get(), exception).failed()) return;
  restore_exception(t, std::move(exception));
}

void trace_handled(Thread& t, Value* r) { monitoring::fire_exception(t, r, MonitorEvent::kExceptionHandled); }

void trace_unwound(Thread& t, Value* r) {
  if (t.tracing) return;
  monitoring::fire_exception(t, r, MonitorEvent::kPyUnwind);
  if (!wants_trace(t) && !wants_profile(t)) return;
  RefTo<FrameObject> frame = frame_object_of(t, r);
  Ref exception = take_exception(t);
  if (return_event(t, frame.get(), None).failed()) return;
  restore_exception(t, std::move(exception));
}

void trace_thrown(Thread& t, Value* r) {
  if (t.tracing) return;
  RefTo<FrameObject> frame = frame_object_of(t, r);
  frame->monitored_suspension = 0;
  monitoring::fire_exception(t, r, MonitorEvent::kPyThrow);
  frame->traced_suspension = 0;
  if (!wants_trace(t) && !wants_profile(t)) return;
  Ref exception = take_exception(t);
  if (call_event(t, frame.get(), false).failed()) return;
  restore_exception(t, std::move(exception));
}

Status trace_delegated_yield(Thread& t, Value* r, Value value) {
  if (t.tracing) return ok();
  if (monitoring::g_active) TRY(monitoring::delegated_yield(t, r, value));
  if (!wants_trace(t) && !wants_profile(t)) return ok();
  RefTo<FrameObject> f = frame_object_of(t, r);
  f->traced_suspension = 1;
  return return_event(t, f.get(), value);
}

Status trace_stop_iteration(Thread& t, Value* r, Value returned, bool raised) {
  if (t.tracing) return ok();
  RefTo<FrameObject> f = frame_object_of(t, r);
  MonitorEvent event = MonitorEvent::kRaise;
  Ref exception;
  bool pending = !t.pending.is_empty();
  if (!pending) {
    if (!raised) event = MonitorEvent::kStopIteration;
    exception = TRY(returned.is_none() ? call(t, Value(exc::StopIteration)) : call_with(t, Value(exc::StopIteration), returned));
  } else {
    exception = take_exception(t);
  }
  Value told = exception.get();
  TRY(monitoring::fire(t, r, event, frame::unit_index(r), &told, 1));
  TRY(exception_event(t, f.get(), told));
  if (pending) restore_exception(t, std::move(exception));
  return ok();
}

}  // namespace typhon
