#include "interpreter/monitoring.h"

#include <cstdlib>
#include <mutex>

#include "interpreter/dispatch.h"
#include "interpreter/tracing.h"
#include "objects/frame_object.h"

namespace typhon::monitoring {

bool g_active = false;
GlobalRoot g_disable, g_missing;

bool g_both_branches[kMonitorTools];

namespace {

constexpr i64 kOffsetScale = 2;  // as in code_type.cpp

GlobalRoot g_callbacks[kMonitorTools][kMonitorEvents];
u8 g_tools[kMonitorEvents];  // by event; atomic
// What was disabled by a tool counts while this is the same: it grows when the tool asks for the event anew, and on a restart.
u32 g_generation[kMonitorTools][kLocalMonitorEvents];
std::mutex g_mutex;  // creation of parts of CodeEvents

constexpr const char* kNames[kMonitorEvents] = {
    "PY_START", "PY_RESUME", "PY_RETURN", "PY_YIELD", "CALL", "LINE", "INSTRUCTION", "JUMP", "BRANCH_LEFT", "BRANCH_RIGHT",
    "STOP_ITERATION", "RAISE", "EXCEPTION_HANDLED", "PY_UNWIND", "PY_THROW", "RERAISE", "C_RETURN", "C_RAISE", "BRANCH"};

u8 load(const u8& byte) { return __atomic_load_n(&byte, __ATOMIC_RELAXED); }
CodeEvents* events_of(const Code* code) { return __atomic_load_n(&code->events, __ATOMIC_ACQUIRE); }

void update_active(Thread& t) {
  u32 wanted = 0;
  for (u32& n : g_tool_code_events) wanted |= __atomic_load_n(&n, __ATOMIC_RELAXED);
  for (u8& tools : g_tools) wanted |= load(tools);
  WorldStopped stopped(t);
  g_active = wanted != 0;
  for (Thread* other = first_thread(); other != nullptr; other = other->next)
    if (!other->tracing) choose_handlers(*other);
}

// The tools that want the event of this code itself.
u8 code_tools(const CodeEvents* events, u32 event) {
  u8 tools = load(events->tools[event]);
  for (u32 tool = 0; tool < kMonitorTools; tool++)
    if ((tools >> tool & 1) &&
        __atomic_load_n(&events->epoch[tool], __ATOMIC_RELAXED) != __atomic_load_n(&g_tool_epoch[tool], __ATOMIC_RELAXED))
      tools &= u8(~(1u << tool));
  return tools;
}

// The bytes of what is disabled of the event in the code.
u8* make_disabled(Code* code, u32 event) {
  CodeEvents* events = make_code_events(code);
  std::lock_guard guard(g_mutex);
  u8*& bytes = events->disabled[event];
  if (bytes == nullptr) {
    u8* made = static_cast<u8*>(std::calloc(code->unit_count + 1, 1));
    CHECK(made != nullptr);
    __atomic_store_n(&bytes, made, __ATOMIC_RELEASE);
  }
  return bytes;
}

void forget_disabled(CodeEvents* events, u32 units, u32 event, u32 tool) {
  u8* bytes = __atomic_load_n(&events->disabled[event], __ATOMIC_ACQUIRE);
  if (bytes == nullptr) return;
  for (u32 i = 0; i < units; i++) __atomic_fetch_and(&bytes[i], u8(~(1u << tool)), __ATOMIC_RELAXED);
}

void disable(Code* code, u32 event, u32 unit, u32 tool) {
  u8* bytes = make_disabled(code, event);
  u32& generation = code->events->generation[event][tool];
  u32 now = __atomic_load_n(&g_generation[tool][event], __ATOMIC_RELAXED);
  if (__atomic_exchange_n(&generation, now, __ATOMIC_RELAXED) != now) forget_disabled(code->events, code->unit_count, event, tool);
  __atomic_fetch_or(&bytes[unit], u8(1u << tool), __ATOMIC_RELAXED);
}

u8 disabled_tools(const CodeEvents* events, u32 event, u32 unit) {
  const u8* bytes = __atomic_load_n(&events->disabled[event], __ATOMIC_ACQUIRE);
  if (bytes == nullptr) return 0;
  u8 tools = load(bytes[unit]);
  for (u32 tool = 0; tool < kMonitorTools; tool++)
    if ((tools >> tool & 1) && __atomic_load_n(&events->generation[event][tool], __ATOMIC_RELAXED) !=
                                   __atomic_load_n(&g_generation[tool][event], __ATOMIC_RELAXED))
      tools &= u8(~(1u << tool));
  return tools;
}

// C_RETURN and C_RAISE come with CALL.
u32 asked_event(MonitorEvent event) {
  return u32(event == MonitorEvent::kCReturn || event == MonitorEvent::kCRaise ? MonitorEvent::kCall : event);
}

// What a tool that said DISABLE does not want any more. False: ValueError, and the callback is gone.
Status disable_for(Thread& t, Code* code, MonitorEvent event, u32 unit, u32 tool) {
  if (u32(event) < kLocalMonitorEvents) {
    disable(code, u32(event), unit, tool);
    // A callback for BRANCH is one for both directions.
    constexpr u32 left = u32(MonitorEvent::kBranchLeft), right = u32(MonitorEvent::kBranchRight);
    if ((u32(event) == left || u32(event) == right) && g_both_branches[tool]) disable(code, left + right - u32(event), unit, tool);
    return ok();
  }
  set_callback(t, tool, u32(event), None);
  return raise(t, exc::ValueError, "Cannot disable %s events. Callback removed.", event_name(u32(event)));
}

}  // namespace

const char* event_name(u32 event) { return kNames[event]; }
u8 global_tools(u32 event) { return load(g_tools[event]); }

u32 global_events(u32 tool) {
  u32 events = 0;
  for (u32 e = 0; e < kMonitorEvents; e++)
    if (load(g_tools[e]) >> tool & 1) events |= 1u << e;
  return events;
}
u32 local_events(u32 tool, const Code* code) {
  CodeEvents* of_code = events_of(code);
  u32 events = 0;
  for (u32 e = 0; e < kLocalMonitorEvents && of_code != nullptr; e++)
    if (code_tools(of_code, e) >> tool & 1) events |= 1u << e;
  return events;
}

void set_global_events(Thread& t, u32 tool, u32 events) {
  u32 before = global_events(tool);
  if (before == events) return;
  for (u32 e = 0; e < kMonitorEvents; e++) {
    u8 bit = u8(1u << tool);
    if (events >> e & 1) {
      if (e < kLocalMonitorEvents && !(before >> e & 1)) __atomic_fetch_add(&g_generation[tool][e], 1, __ATOMIC_RELAXED);
      __atomic_fetch_or(&g_tools[e], bit, __ATOMIC_RELAXED);
    } else {
      __atomic_fetch_and(&g_tools[e], u8(~bit), __ATOMIC_RELAXED);
    }
  }
  update_active(t);
}

void set_local_events(Thread& t, u32 tool, Code* code, u32 events) {
  u32 before = local_events(tool, code);
  if (before == events) return;
  CodeEvents* of_code = make_code_events(code);
  u32 now = __atomic_load_n(&g_tool_epoch[tool], __ATOMIC_RELAXED);
  if (__atomic_exchange_n(&of_code->epoch[tool], now, __ATOMIC_RELAXED) != now)
    for (u8& tools : of_code->tools) __atomic_fetch_and(&tools, u8(~(1u << tool)), __ATOMIC_RELAXED);
  for (u32 e = 0; e < kLocalMonitorEvents; e++) {
    u8 bit = u8(1u << tool);
    bool was = before >> e & 1, is = events >> e & 1;
    if (was == is) continue;
    if (is) {
      forget_disabled(of_code, code->unit_count, e, tool);
      __atomic_fetch_or(&of_code->tools[e], bit, __ATOMIC_RELAXED);
      __atomic_fetch_add(&g_tool_code_events[tool], 1, __ATOMIC_RELAXED);
    } else {
      __atomic_fetch_and(&of_code->tools[e], u8(~bit), __ATOMIC_RELAXED);
      __atomic_fetch_sub(&g_tool_code_events[tool], 1, __ATOMIC_RELAXED);
    }
  }
  update_active(t);
}

void clear_tool(Thread& t, u32 tool) {
  __atomic_fetch_add(&g_tool_epoch[tool], 1, __ATOMIC_RELAXED);
  bool had = __atomic_exchange_n(&g_tool_code_events[tool], 0, __ATOMIC_RELAXED) != 0;
  if (global_events(tool) != 0) {
    set_global_events(t, tool, 0);
  } else if (had) {
    update_active(t);
  }
}

void restart_events() {
  for (auto& of_tool : g_generation)
    for (u32& generation : of_tool) __atomic_fetch_add(&generation, 1, __ATOMIC_RELAXED);
}

Ref callback(u32 tool, u32 event) { return Ref::copy(g_callbacks[tool][event].get()); }
void set_callback(Thread& t, u32 tool, u32 event, Value function) {
  g_callbacks[tool][event].set(t, function.is_none() ? Ref() : Ref::copy(function));
}

u8 tools_for(const Code* code, MonitorEvent event, u32 unit) {
  u32 e = asked_event(event);
  u8 tools = load(g_tools[e]);
  if (e >= kLocalMonitorEvents) return tools;
  const CodeEvents* events = events_of(code);
  if (events == nullptr) return tools;
  tools |= code_tools(events, e);
  return tools == 0 ? tools : u8(tools & ~disabled_tools(events, e, unit));
}

Status fire(Thread& t, Value* r, MonitorEvent event, u32 unit, Value where, const Value* more, u32 n) {
  Ref code = Ref::copy(Value(frame::code(r)));
  u8 tools = tools_for(code.as<Code>(), event, unit);
  if (tools == 0 || t.tracing) return ok();
  Value arguments[5] = {code, where};
  for (u32 i = 0; i < n; i++) arguments[2 + i] = more[i];
  for (u32 tool = 0; tool < kMonitorTools; tool++) {
    if (!(tools >> tool & 1)) continue;
    Ref function = callback(tool, u32(event));
    if (function.is_empty() || function.get().is_none()) continue;
    Ref result;
    {
      Untraced guard(t, event);
      result = call(t, function, Args{arguments, 2 + n, nullptr, 0});
    }
    if (result.failed()) return Raised{};
    if (is_same(result, g_disable.get())) TRY(disable_for(t, code.as<Code>(), event, unit, tool));
  }
  return ok();
}

Status fire(Thread& t, Value* r, MonitorEvent event, u32 unit, const Value* more, u32 n) {
  return fire(t, r, event, unit, Value::small_int(i64(unit) * kOffsetScale), more, n);
}

void fire_exception(Thread& t, Value* r, MonitorEvent event) {
  u32 unit = frame::unit_index(r);
  if (t.tracing || tools_for(frame::code(r), event, unit) == 0) return;
  Ref exception = take_exception(t);
  Value told = exception.get();
  if (fire(t, r, event, unit, &told, 1).failed()) return;
  restore_exception(t, std::move(exception));
}

// --- the instructions

namespace {

bool is_call(Op op) {
  return op == Op::CALL || op == Op::CALL_METHOD || op == Op::CALL_KW || op == Op::CALL_METHOD_KW || op == Op::CALL_EX;
}

// What the call at `pc` calls, and with which first argument (EMPTY: none); bound methods taken apart.
void callable_of(Value* r, Instr* pc, Ref* function, Ref* first) {
  Op op = base_op(Op(pc->op));
  Value callable = r[pc->b], argument = EMPTY;
  if (op == Op::CALL_METHOD || op == Op::CALL_METHOD_KW) {
    argument = r[pc->b + 1];
    if (argument.is_empty() && pc->c != 0) argument = r[pc->b + 2];
  } else if (op != Op::CALL_EX) {
    if (pc->c != 0) argument = r[pc->b + 1];
  } else if (is_tuple(r[pc->b + 1]) && r[pc->b + 1].as<Tuple>()->size != 0) {
    argument = r[pc->b + 1].as<Tuple>()->items[0].peek();
  }
  if (is_exact(callable, kShape_method)) {
    argument = callable.as<BoundMethod>()->self.peek();
    callable = callable.as<BoundMethod>()->function.peek();
  }
  *function = Ref::copy(callable);
  *first = Ref::copy(argument);
}

Status call_event(Thread& t, FrameObject* f, Value* r, Instr* pc, u32 at) {
  if (tools_for(frame::code(r), MonitorEvent::kCall, at) == 0) return ok();
  Ref function, first;
  Op op = base_op(Op(pc->op));
  if (is_call(op)) {
    callable_of(r, pc, &function, &first);
  } else {  // super(...).name: without arguments when the class is what the cell __class__ holds
    function = Ref::copy(r[pc->b]);
    u16 cell = frame::code(r)->class_cell_register;
    bool bare = cell != kNoRegister && is_exact_cell(r[cell]) && is_same(r[cell].as<Cell>()->contents.peek(), r[pc->b + 1]);
    first = bare ? Ref() : Ref::copy(r[pc->b + 1]);
  }
  Value more[] = {function, first.is_empty() ? g_missing.get() : first.get()};
  TRY(fire(t, r, MonitorEvent::kCall, at, more, 2));
  if (is_function(function)) return ok();
  f->monitored_call.store(f, more[0]);
  f->monitored_argument.store(f, more[1]);
  return ok();
}

// The native call that a tool was told of has ended.
Status end_call(Thread& t, FrameObject* f, Value* r, MonitorEvent event) {
  Ref function = f->monitored_call.take(f), first = f->monitored_argument.take(f);
  if (function.is_empty()) return ok();
  Value more[] = {function, first};
  return fire(t, r, event, f->monitored_unit, more, 2);
}

Status branch_event(Thread& t, FrameObject* f, Value* r, u32 at) {
  f->monitored_branch = 0;
  Branch branch;
  u32 from = f->monitored_unit;
  if (!branch_targets(frame::code(r), from, &branch)) return ok();
  if (at != branch.left && at != branch.right) return ok();
  Value to = Value::small_int(i64(at) * kOffsetScale);
  // The tools find the frame at the branch itself.
  Instr *here = frame::pc(r), *there = &frame::code(r)->instructions[from];
  frame::pc(r) = there;
  Status status = fire(t, r, at == branch.left ? MonitorEvent::kBranchLeft : MonitorEvent::kBranchRight, from, &to, 1);
  if (frame::pc(r) == there) frame::pc(r) = here;
  return status;
}

Status line_event(Thread& t, FrameObject* f, Value* r, u32 at) {
  const Code* code = frame::code(r);
  i32 line = code_position(code, at).line, before = f->monitored_line;
  if (line <= 0) return ok();
  // A frame that ran before anybody watched: the instruction in front of this one tells whether a line begins here.
  if (before == 0) before = at == 0 ? -1 : code_position(code, at - 1).line;
  f->monitored_line = line;
  if (line == before) return ok();
  return fire(t, r, MonitorEvent::kLine, at, Value::small_int(line), nullptr, 0);
}

// Instructions that run before a function's RESUME, or stand for no operation of the program.
bool is_prologue(Op op) { return op == Op::RETURN_GENERATOR || op == Op::COPY_FREE_VARS || op == Op::MAKE_CELL; }

}  // namespace

Status step(Thread& t, Value* r, Instr* pc) {
  Op op = base_op(Op(pc->op));
  if (is_prologue(op)) return ok();
  RefTo<FrameObject> frame = frame_object_of(t, r);
  FrameObject* f = frame.get();
  u32 at = frame::unit_index(r);
  if (!f->monitored_call.is_empty()) TRY(end_call(t, f, r, MonitorEvent::kCReturn));
  if (f->monitored_branch) TRY(branch_event(t, f, r, at));
  if (frame::pc(r) != pc) return ok();  // a tool has jumped
  if (op == Op::RESUME) {
    f->monitored_line = -1;
    f->monitored_suspension = 0;
    return fire(t, r, MonitorEvent::kPyStart, at);
  }
  if (f->monitored_suspension) {
    f->monitored_suspension = 0;
    TRY(fire(t, r, MonitorEvent::kPyResume, f->monitored_unit));
  }
  TRY(line_event(t, f, r, at));
  if (frame::pc(r) != pc) return ok();
  TRY(fire(t, r, MonitorEvent::kInstruction, at));
  f->monitored_unit = at;
  if (is_call(op) || op == Op::LOAD_SUPER_ATTR || op == Op::LOAD_SUPER_METHOD) return call_event(t, f, r, pc, at);
  if ((op == Op::JUMP && !(pc->x & kInPlace)) || op == Op::JUMP_BACK) {
    Value to = Value::small_int((i64(at) + pc->jump()) * kOffsetScale);
    return fire(t, r, MonitorEvent::kJump, at, &to, 1);
  }
  if (op == Op::RETURN) return fire(t, r, MonitorEvent::kPyReturn, at, &r[pc->a], 1);
  if (op == Op::YIELD) {
    f->monitored_suspension = 1;
    return fire(t, r, MonitorEvent::kPyYield, at, &r[pc->b], 1);
  }
  Branch branch;
  f->monitored_branch = branch_targets(frame::code(r), at, &branch);
  return ok();
}

Status delegated_yield(Thread& t, Value* r, Value value) {
  RefTo<FrameObject> f = frame_object_of(t, r);
  f->monitored_suspension = 1;
  return fire(t, r, MonitorEvent::kPyYield, frame::unit_index(r), &value, 1);
}

void exception_passes(Thread& t, Value* r, bool again) {
  if (t.tracing) return;
  RefTo<FrameObject> f = frame_object_of(t, r);
  f->monitored_branch = 0;
  if (!f->monitored_call.is_empty()) {
    Ref exception = take_exception(t);
    if (end_call(t, f.get(), r, MonitorEvent::kCRaise).failed()) return;
    restore_exception(t, std::move(exception));
  }
  fire_exception(t, r, again ? MonitorEvent::kReraise : MonitorEvent::kRaise);
}

}  // namespace typhon::monitoring
