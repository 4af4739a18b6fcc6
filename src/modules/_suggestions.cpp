// _suggestions: the name that was probably meant, for error messages (Levenshtein distance with cheap case changes).
#include <algorithm>

#include "objects/module.h"

namespace typhon {
namespace {

constexpr i64 kMaxCandidates = 750;
constexpr size_t kMaxLength = 40;
constexpr u32 kMoveCost = 2, kCaseCost = 1;

u8 lower(u8 c) { return c >= 'A' && c <= 'Z' ? u8(c + 32) : c; }
u32 substitution_cost(u8 a, u8 b) {
  if ((a & 31) != (b & 31)) return kMoveCost;
  if (a == b) return 0;
  return lower(a) == lower(b) ? kCaseCost : kMoveCost;
}

// The distance of two UTF-8 texts, or something above `limit`.
u32 distance(std::string_view a, std::string_view b, u32 limit) {
  if (a == b) return 0;
  while (!a.empty() && !b.empty() && a.front() == b.front()) a.remove_prefix(1), b.remove_prefix(1);
  while (!a.empty() && !b.empty() && a.back() == b.back()) a.remove_suffix(1), b.remove_suffix(1);
  if (a.empty() || b.empty()) return u32(a.size() + b.size()) * kMoveCost;
  if (a.size() > kMaxLength || b.size() > kMaxLength) return limit + 1;
  if (b.size() < a.size()) std::swap(a, b);
  if ((b.size() - a.size()) * kMoveCost > limit) return limit + 1;
  u32 row[kMaxLength];
  for (size_t i = 0; i < a.size(); i++) row[i] = u32(i + 1) * kMoveCost;
  u32 result = 0;
  for (size_t j = 0; j < b.size(); j++) {
    u32 diagonal = u32(j) * kMoveCost;
    result = diagonal;
    u32 least = ~u32(0);
    for (size_t i = 0; i < a.size(); i++) {
      u32 substituted = diagonal + substitution_cost(u8(b[j]), u8(a[i]));
      diagonal = row[i];
      result = std::min(substituted, std::min(result, diagonal) + kMoveCost);
      row[i] = result;
      least = std::min(least, result);
    }
    if (least > limit) return limit + 1;
  }
  return result;
}

Ref f_generate(Thread& t, Value, const Value* a) {
  if (!is_str(a[1])) return raise(t, exc::TypeError, "_generate_suggestions() argument 2 must be str, not %T", a[1]);
  if (!is_exact_list(a[0])) return raise(t, exc::TypeError, "candidates must be a list");
  RefTo<Tuple> candidates = TRY(list_to_tuple(t, a[0].as<List>()));
  for (u64 i = 0; i < candidates->size; i++)
    if (!is_str(candidates->items[i].peek())) return raise(t, exc::TypeError, "all elements in 'candidates' must be strings");
  if (i64(candidates->size) >= kMaxCandidates) return Ref::none();
  Utf8Buffer name_buffer;
  std::string_view name = str_utf8(a[1].as<Str>(), name_buffer);
  Ref best;
  u32 best_distance = ~u32(0);
  for (u64 i = 0; i < candidates->size; i++) {
    Ref item = candidates->items[i].load();
    Utf8Buffer buffer;
    std::string_view text = str_utf8(item.as<Str>(), buffer);
    if (text == name) continue;
    // A third of the characters may be wrong.
    u32 limit = u32(name.size() + text.size() + 3) * kMoveCost / 6;
    limit = std::min(limit, best_distance - 1);
    u32 d = distance(name, text, limit);
    if (d > limit) continue;
    if (best.is_empty() || d < best_distance) {
      best = std::move(item);
      best_distance = d;
    }
  }
  if (best.is_empty()) return Ref::none();
  return best;
}

const Method kFunctions[] = {method("_generate_suggestions", f_generate, "($module, candidates, item, /)",
                                    "Returns the candidate in candidates that's closest to item"),
                             {}};

}  // namespace

extern const ModuleDef module__suggestions;
const ModuleDef module__suggestions = {"_suggestions", nullptr, kFunctions, nullptr};

}  // namespace typhon
