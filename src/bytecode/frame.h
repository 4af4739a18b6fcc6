// The one frame layout, on a thread's register stack or inside a generator (docs/interpreter.md).
//
// `r` points at register 0. In front of it lies the header, kFrameHeader words:
//     r[-1]  the function (owned word)            r[-4]  FrameInfo: flags, destination register in the caller
//     r[-2]  saved pc (Instr*): the instruction    r[-5]  the frame object (owned word) or EMPTY
//            this frame is at, while it is not     r[-6]  Code* (kept alive by the function)
//            the one being dispatched
//     r[-3]  the caller's r, or null
// A call window in the caller's registers is laid out so that the callee's header and arguments need no copying: the callable's
// register F becomes r[-1] of the callee, its arguments r[0], r[1]...; F-5 .. F-1 are the rest of the header.
// Code that may call out, raise or poll stores its pc into r[-2] first; then any stack walk sees the right line.
#pragma once
#include "bytecode/code.h"

namespace typhon {

struct Function;
struct FrameObject;

inline constexpr int kFrameHeader = 6;

struct FrameInfo {
  u16 flags;         // frame_flag, and in the low byte the units from the calling instruction to the one that follows it
  u16 destination;   // register of the caller that receives the result
  u32 stack_offset;  // generator frames: where the next frame goes, as words from the thread's stack_base; 0 otherwise
};
static_assert(sizeof(FrameInfo) == 8);
namespace frame_flag {
inline constexpr u16 kEntry = 0x100;        // entered from native code: returning leaves the dispatch loop
inline constexpr u16 kGenerator = 0x200;    // registers lie in a Generator object
inline constexpr u16 kConstructor = 0x400;  // __init__ called by a class call: the result must be None, the instance is in a caller's register
inline constexpr u16 kDiscard = 0x800;      // a hint: a CLEAR of the destination, which is EMPTY, follows the call (kDiscards of its x)
inline constexpr u16 kOperator = 0x1000;    // a special method for the instruction that the caller is at (__add__, __len__, __getitem__ for a loop): not a plain result
inline constexpr u16 kObserved = 0x2000;    // has a frame object; not kept up for generators
inline constexpr u16 kArithmetic = 0x4000;  // with kOperator: of a binary operator with two operands, one unit
inline constexpr u16 kAll = 0xFF00;
inline constexpr u16 kSpecial = kAll & ~kDiscard;  // no plain return
}  // namespace frame_flag
constexpr u16 resume_after(u32 units) { return u16(units); }
constexpr u32 resume_units(FrameInfo info) { return info.flags & 0xFF; }

namespace frame {
inline Value& function_word(Value* r) { return r[-1]; }
inline Function* function(Value* r) { return r[-1].as<Function>(); }
inline Instr*& pc(Value* r) { return *reinterpret_cast<Instr**>(&r[-2]); }
inline Value*& caller(Value* r) { return *reinterpret_cast<Value**>(&r[-3]); }
inline FrameInfo& info(Value* r) { return *reinterpret_cast<FrameInfo*>(&r[-4]); }
inline Value& frame_object(Value* r) { return r[-5]; }
inline Code*& code(Value* r) { return *reinterpret_cast<Code**>(&r[-6]); }
// 0 as well for a frame whose code is being loaded.
inline u32 unit_index(Value* r) { return pc(r) == g_unloaded_body ? 0 : u32(pc(r) - code(r)->instructions); }
}  // namespace frame

}  // namespace typhon
