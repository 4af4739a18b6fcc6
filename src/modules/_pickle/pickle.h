// What the files of _pickle share: the opcodes, the exceptions, PickleBuffer.
#pragma once
#include <cstdio>

#include "objects/byte_builder.h"
#include "objects/codecs.h"
#include "objects/container_util.h"
#include "objects/module.h"
#include "objects/protocol/services.h"

namespace typhon::pickle {

inline constexpr int kHighestProtocol = 5, kDefaultProtocol = 5;
inline constexpr size_t kBatch = 1000, kFrameTarget = 64 * 1024, kFrameMinimum = 4, kFrameHeader = 9;

namespace op {
inline constexpr u8 kMark = '(', kStop = '.', kPop = '0', kPopMark = '1', kDup = '2', kFloat = 'F', kInt = 'I', kBinInt = 'J', kBinInt1 = 'K',
                    kLong = 'L', kBinInt2 = 'M', kNone = 'N', kPersId = 'P', kBinPersId = 'Q', kReduce = 'R', kString = 'S', kBinString = 'T',
                    kShortBinString = 'U', kUnicode = 'V', kBinUnicode = 'X', kAppend = 'a', kBuild = 'b', kGlobal = 'c', kDict = 'd',
                    kEmptyDict = '}', kAppends = 'e', kGet = 'g', kBinGet = 'h', kInst = 'i', kLongBinGet = 'j', kList = 'l', kEmptyList = ']',
                    kObj = 'o', kPut = 'p', kBinPut = 'q', kLongBinPut = 'r', kSetItem = 's', kTuple = 't', kEmptyTuple = ')', kSetItems = 'u',
                    kBinFloat = 'G', kProto = 0x80, kNewObj = 0x81, kExt1 = 0x82, kExt2 = 0x83, kExt4 = 0x84, kTuple1 = 0x85, kTuple2 = 0x86,
                    kTuple3 = 0x87, kNewTrue = 0x88, kNewFalse = 0x89, kLong1 = 0x8A, kLong4 = 0x8B, kBinBytes = 'B', kShortBinBytes = 'C',
                    kShortBinUnicode = 0x8C, kBinUnicode8 = 0x8D, kBinBytes8 = 0x8E, kEmptySet = 0x8F, kAddItems = 0x90, kFrozenSet = 0x91,
                    kNewObjEx = 0x92, kStackGlobal = 0x93, kMemoize = 0x94, kFrame = 0x95, kByteArray8 = 0x96, kNextBuffer = 0x97,
                    kReadonlyBuffer = 0x98;
}  // namespace op

extern Type *g_pickle_error, *g_pickling_error, *g_unpickling_error;
extern Type *g_pickler_type, *g_unpickler_type, *g_memo_type, *g_pickler_memo_proxy_type, *g_unpickler_memo_proxy_type, *g_pickle_buffer_type;
extern const TypeSpec kPicklerSpec, kUnpicklerSpec, kMemoSpec, kPicklerMemoProxySpec, kUnpicklerMemoProxySpec, kPickleBufferSpec;

// module.attribute of a Python module; for what is rare enough to be looked up each time.
Ref module_attribute(Thread& t, const char* module, const char* name);
Ref call_named(Thread& t, Value v, const char* method);
// Makes `cause` the context of the pending exception.
Raised with_context(Thread& t, Ref&& cause);
RefTo<Str> interned(Thread& t, const char* text);

// --- PickleBuffer: a buffer that may travel out of band.
struct PickleBuffer : Object {
  Field view;    // memoryview, EMPTY once released
  Field object;  // what it was made from
};

// Marks a pickler or unpickler as being in use. It may be used by one call at a time: others get a RuntimeError.
class InUse {
 public:
  explicit InUse(u8* busy) : busy_(__atomic_exchange_n(busy, 1, __ATOMIC_ACQUIRE) == 0 ? busy : nullptr) {}
  ~InUse() {
    if (busy_ != nullptr) __atomic_store_n(busy_, 0, __ATOMIC_RELEASE);
  }
  InUse(const InUse&) = delete;
  bool failed() const { return busy_ == nullptr; }

 private:
  u8* busy_;
};

Ref dump(Thread& t, Value self, const Value* a);
Ref dumps(Thread& t, Value self, const Value* a);
Ref load(Thread& t, Value self, const Value* a);
Ref loads(Thread& t, Value self, const Value* a);

}  // namespace typhon::pickle
