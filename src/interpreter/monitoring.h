// sys.monitoring (PEP 669): which tools want which events, and telling them. The Python functions are in
// modules/sys/monitoring.cpp; the places where events happen in tracing.cpp and dispatch.cpp. While no tool wants any event the
// threads run with the plain handler table, and nothing here costs anything.
#pragma once
#include "bytecode/code_events.h"
#include "interpreter/frame.h"

namespace typhon::monitoring {

// Whether any tool wants any event, of all code or of some.
extern bool g_active;

extern GlobalRoot g_disable, g_missing;  // sys.monitoring.DISABLE and MISSING
const char* event_name(u32 event);

// --- what tools have asked for; `events` are bit sets of MonitorEvent
u32 global_events(u32 tool);
u32 local_events(u32 tool, const Code* code);
void set_global_events(Thread& t, u32 tool, u32 events);
void set_local_events(Thread& t, u32 tool, Code* code, u32 events);
// Takes back everything that the tool has asked for.
void clear_tool(Thread& t, u32 tool);
void restart_events();
// The tools that want the event of all code.
u8 global_tools(u32 event);
// EMPTY or what is called; owned.
Ref callback(u32 tool, u32 event);
extern bool g_both_branches[kMonitorTools];  // by tool: its branch callback was registered for BRANCH
void set_callback(Thread& t, u32 tool, u32 event, Value function);

// --- events
// Whether somebody wants the event of the instruction at `unit` (of any code unit when the event is not local).
u8 tools_for(const Code* code, MonitorEvent event, u32 unit);
// Calls the tools: function(code, where, *more). Fails with what one of them raised. No exception may be pending.
Status fire(Thread& t, Value* r, MonitorEvent event, u32 unit, Value where, const Value* more, u32 n);
// With the offset of `unit`.
Status fire(Thread& t, Value* r, MonitorEvent event, u32 unit, const Value* more = nullptr, u32 n = 0);
// For exception events: the pending exception is told, and pending again afterwards, or what a tool raised instead.
void fire_exception(Thread& t, Value* r, MonitorEvent event);

// The instruction at `pc` is about to run.
Status step(Thread& t, Value* r, Instr* pc);
// A frame that delegates (yield from) is about to be suspended with `value`.
Status delegated_yield(Thread& t, Value* r, Value value);

// An exception is pending in the frame; `again`: it was raised before, and is now raised as it was.
void exception_passes(Thread& t, Value* r, bool again);

}  // namespace typhon::monitoring
