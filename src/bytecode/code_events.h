// CodeEvents: what sys.monitoring (PEP 669) and users of PyUnstable_Code_SetExtra keep with one code object. Made when a tool first
// asks for events of that code only, disables an event somewhere in it, or an extra is set; freed with the code.
#pragma once
#include "bytecode/code.h"

namespace typhon {

// In the order of their bits in sys.monitoring.events.
enum class MonitorEvent : u8 {
  kPyStart, kPyResume, kPyReturn, kPyYield, kCall, kLine, kInstruction, kJump, kBranchLeft, kBranchRight, kStopIteration,
  kRaise, kExceptionHandled, kPyUnwind, kPyThrow, kReraise, kCReturn, kCRaise, kBranch, kCount
};
inline constexpr u32 kMonitorEvents = u32(MonitorEvent::kCount);
inline constexpr u32 kLocalMonitorEvents = u32(MonitorEvent::kStopIteration) + 1;  // can be set for one code, and be disabled
inline constexpr u32 kMonitorTools = 6;

struct CodeEvents {
  // By event: the tools that want it of this code, a bit each; atomic. A tool's bits count only while `epoch` is what the tool's is
  // now: it grows when the tool is cleared.
  u8 tools[kLocalMonitorEvents] = {};
  u32 epoch[kMonitorTools] = {};
  // By event: null, or a byte for each unit, a bit for each tool that wants no more of it there; atomic. A tool's bits count only
  // while `generation` is what the tool's is now (interpreter/monitoring.cpp).
  u8* disabled[kLocalMonitorEvents] = {};
  u32 generation[kLocalMonitorEvents][kMonitorTools] = {};
  void** extras = nullptr;  // null, or kMostCodeExtras words; both atomic
  ~CodeEvents();
};

// Those of the code, made if there are none. Any thread may call.
CodeEvents* make_code_events(Code* code);

// --- extras: a word of memory for each (code, index), for whoever asked for the index
inline constexpr u32 kMostCodeExtras = 254;
// A new index, or -1 when all are taken. `release` (or null) gets what is stored there when the code dies.
i64 new_code_extra(void (*release)(void* extra));
// False: there is no such index.
bool set_code_extra(Code* code, i64 index, void* extra);
void* get_code_extra(const Code* code, i64 index);  // null when nothing was set, or there is no such index

// Which instruction a conditional jump at `unit` goes on at; false when it is none.
struct Branch {
  u32 left, right;
};
bool branch_targets(const Code* code, u32 unit, Branch* out);

// By tool: its epoch, and how many (code, event) pairs it wants.
extern u32 g_tool_epoch[kMonitorTools], g_tool_code_events[kMonitorTools];

}  // namespace typhon
