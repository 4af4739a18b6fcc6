// Basic vocabulary of the code base: fixed-width names, checks, hints. Includes nothing heavy, because every file
// includes it.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

namespace typhon {

using u8 = std::uint8_t;
using u16 = std::uint16_t;
using u32 = std::uint32_t;
using u64 = std::uint64_t;
using i8 = std::int8_t;
using i16 = std::int16_t;
using i32 = std::int32_t;
using i64 = std::int64_t;
using u128 = unsigned __int128;
using i128 = __int128;

#define TYPHON_INLINE [[gnu::always_inline]] inline
#define TYPHON_NOINLINE [[gnu::noinline]]
#define TYPHON_COLD [[gnu::cold, gnu::noinline]]

// Prints "FILE:LINE: check failed: WHAT" and aborts. A failed check is a bug of the VM, never of a Python program.
[[noreturn]] void check_failed(const char* file, int line, const char* what);

// CHECK is on in every build; use it where going on would corrupt memory. DCHECK only without NDEBUG or when checking.
#define CHECK(cond) ((cond) ? void(0) : ::typhon::check_failed(__FILE__, __LINE__, #cond))
#if defined(TYPHON_CHECKING) || !defined(NDEBUG)
#define DCHECK(cond) CHECK(cond)
#else
#define DCHECK(cond) void(0)
#endif

#ifdef TYPHON_CHECKING
inline constexpr bool kChecking = true;
#else
inline constexpr bool kChecking = false;
#endif

// The counting build reports atomic writes and lock acquisitions on objects; everywhere else this is nothing.
#ifdef TYPHON_COUNTING
inline constexpr bool kCounting = true;
#else
inline constexpr bool kCounting = false;
#endif

constexpr u64 align_up(u64 n, u64 alignment) { return (n + alignment - 1) & ~(alignment - 1); }

}  // namespace typhon
