// The fuzz target: tokenizer, parser and compiler, from the bytes of a source to a code object. No input is ever run.
//
// An input is two bytes of options and a source (`kHarness` says what they mean). The target aborts when something else than an error
// that Python documents comes out, or when the code breaks the rules that compiler/verify.h checks; crashes, leaks, time and memory are
// libFuzzer's and the sanitizers' business. replay.cpp runs kept inputs once, in every build.
#include <cstdio>
#include <cstdlib>
#include <string>

#include "cli/options.h"
#include "compiler/verify.h"
#include "heap/collector.h"
#include "objects/itertypes.h"
#include "objects/protocol/protocol.h"
#include "runtime/library.h"
#include "runtime/runtime.h"
#include "threads/thread.h"

#if __has_feature(address_sanitizer)
#include <sanitizer/lsan_interface.h>

#include "heap/pages.h"
#endif

namespace typhon {
namespace {

// one(data) returns the code object, if one was made. Errors that a program can be told about are caught here, others are for C++ to
// report. `ends` runs now and then, so that what the library keeps of a source does not add up.
constexpr const char* kHarness = R"(
import _ast, _symtable, _tokenize, _warnings, codecs, encodings, io, marshal, sys, warnings

MODES = 'exec', 'eval', 'single', 'exec'
FLAGS = (0, 0x1000, 0x200, 0x4000, 0x4200, 0x2000, 0x1000000, 0x400000)
EXPECTED = (SyntaxError, ValueError, MemoryError, RecursionError, LookupError, OverflowError)
errors_wanted = None

def one(data):
    first, second, source = data[0], data[1], data[2:]
    mode = MODES[first & 3]
    as_text = first & 4
    flags = FLAGS[first >> 3 & 7]
    work = first >> 6
    optimize = second % 3
    warn(bool(second & 0x80))
    if as_text:
        source = source.decode('utf-8', 'surrogateescape' if second & 0x40 else 'replace')
    try:
        if work == 0 or work == 1:
            code = compile(source, '<fuzz>', mode, flags, True, optimize)
            if work == 1:
                read_tables(code)
                marshal.loads(marshal.dumps(code))
            return code
        if work == 2:
            if first & 3 == 3:
                mode = 'func_type' if second & 0x20 else 'exec'
            tree = compile(source, '<fuzz>', mode, flags | (0x8400 if second & 0x10 else 0x400), True, optimize,
                           _feature_version=(14, 3, 7, 11)[second >> 2 & 3])
            if mode != 'func_type':
                return compile(tree, '<fuzz>', mode, flags & ~0x1200, True, optimize)
        elif second & 0x20:
            _symtable.symtable(source, '<fuzz>', mode)
        else:
            text = source.decode('latin-1') if isinstance(source, bytes) else source
            lines = iter(text.splitlines(True))
            for token in _tokenize.TokenizerIter(lines.__next__, extra_tokens=bool(second & 0x10)):
                pass
    except EXPECTED:
        pass
    return None

def read_tables(code):
    for _ in code.co_positions(): pass
    for _ in code.co_lines(): pass
    code.co_code, code.co_varnames, code.co_freevars, code.co_consts, hash(code), repr(code)
    for constant in code.co_consts:
        if hasattr(constant, 'co_code'):
            read_tables(constant)

def warn(as_errors):
    global errors_wanted
    if as_errors != errors_wanted:
        warnings.simplefilter('error' if as_errors else 'ignore')
        errors_wanted = as_errors

def ends():
    encodings._cache.clear()
    for name in list(sys.modules):
        if name.startswith('encodings.') and name not in KEPT:
            del sys.modules[name]

KEPT = set(sys.modules)
)";

GlobalRoot g_one, g_ends;
u64 g_inputs = 0;
constexpr u64 kCollectEvery = 512;
constexpr u64 kMostVerified = 1 << 24;  // instructions times registers: what the verifier keeps a byte for

[[noreturn]] void fail(Thread& t, const char* what) {
  std::fprintf(stderr, "typhon-fuzz: %s\n", what);
  if (exception_pending(t)) (void)print_pending_and_exit_code(t);
  std::fflush(nullptr);
  abort();
}

void verify(Thread& t, const Code* code) {
  auto report = [](void*, u32 unit, const char* message) { std::fprintf(stderr, "unit %u: %s\n", unit, message); };
  if (u64(code->unit_count) * code->register_count <= kMostVerified && compiler::verify_code(code, report, nullptr) != 0)
    fail(t, "the code breaks the rules of registers");
  for (u32 i = 0; i < code->constant_count; i++)
    if (is_exact_code(code->constants[i])) verify(t, code->constants[i].as<Code>());
}

Status start(Thread& t) {
  TRY(runtime_start(t));
  RefTo<Str> filename = TRY(str_from_ascii(t, "<harness>"));
  Ref code = TRY(compile_source(t, kHarness, filename, "exec", 0, true, 0, false));
  RefTo<Dict> globals = TRY(dict_new(t));
  TRY(dict_set_str(t, globals.get(), names::__builtins__, builtins_module()));
  TRY(run_code(t, code.as<Code>(), globals, globals));
  g_one.set(t, dict_get_str(t, globals.get(), str_immortal(t, "one")));
  g_ends.set(t, dict_get_str(t, globals.get(), str_immortal(t, "ends")));
  return ok();
}

}  // namespace
}  // namespace typhon

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  using namespace typhon;
  g_config.isolated = g_config.ignore_environment = g_config.no_site = g_config.dont_write_bytecode = true;
  g_config.hash_seed_given = true;  // the same hashes in every run
  if (!start_locale()) std::exit(1);
  heap::initialise();
#if __has_feature(address_sanitizer)
  __lsan_disable();  // what start-up makes is kept for life
#endif
  Thread& t = attach_main_thread();
  if (start(t).failed()) fail(t, "start-up failed");
#if __has_feature(address_sanitizer)
  __lsan_enable();
  // What only objects and shapes refer to is no leak.
  __lsan_register_root_region(reinterpret_cast<void*>(heap::g_space.base), heap::g_space.size);
  __lsan_register_root_region(g_shapes, size_t(1 << 16) * sizeof(Shape));
#endif
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace typhon;
  if (size < 2) return 0;
  Thread& t = Thread::current();
  {
    RefTo<Bytes> bytes = bytes_from(t, reinterpret_cast<const char*>(data), size);
    Ref code = bytes.failed() ? Ref::error() : call_with(t, g_one.get(), bytes);
    if (code.failed()) fail(t, "an error that no source may cause");
    if (is_exact_code(code)) verify(t, code.as<Code>());
  }
  if (++g_inputs % kCollectEvery == 0) {
    Ref done = call_with(t, g_ends.get());
    if (done.failed()) fail(t, "the harness failed");
    collector::collect(t);
  }
  return 0;
}
