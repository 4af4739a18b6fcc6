// A stable merge sort for arrays that are partly in order already: natural runs (short ones extended by binary
// insertion), merged in the order of Munro and Wild's "powersort", with galloping once one side wins repeatedly.
//
// `Less` is called as less(x, y) and returns 1, 0, or -1 when the comparison raised; then sort() returns false and
// the array holds the items in whatever order they had by then. While a comparison is under way some are there twice: the caller
// must own the items elsewhere.
#pragma once
#include <cstdlib>

#include "base/common.h"

namespace typhon {

template <class Item, class Less>
class MergeSort {
 public:
  MergeSort(Less less) : less_(less) {}
  ~MergeSort() { std::free(temp_); }
  MergeSort(const MergeSort&) = delete;

  bool out_of_memory() const { return out_of_memory_; }

  // `poll` is called between merges; false gives up.
  template <class Poll>
  bool sort(Item* a, u64 n, Poll&& poll) {
    if (n < 2) return true;
    u64 minimum = minimum_run(n);
    for (u64 start = 0; start < n;) {
      i64 length = natural_run(a + start, n - start);
      if (length < 0) return false;
      u64 run = u64(length);
      if (run < minimum) {
        u64 wanted = n - start < minimum ? n - start : minimum;
        if (!insertion_sort(a + start, wanted, run)) return false;
        run = wanted;
      }
      if (depth_ > 0) {
        u32 power = node_power(runs_[depth_ - 1].start, runs_[depth_ - 1].length, run, n);
        while (depth_ > 1 && runs_[depth_ - 2].power > power)
          if (!poll() || !merge_top(a)) return false;
        runs_[depth_ - 1].power = power;
      }
      runs_[depth_++] = {start, run, 0};
      start += run;
    }
    while (depth_ > 1)
      if (!poll() || !merge_top(a)) return false;
    return true;
  }

 private:
  struct Run {
    u64 start, length;
    u32 power;  // of the boundary to the next run
  };
  static constexpr u64 kMinGallop = 7;

  static u64 minimum_run(u64 n) {
    u64 rest = 0;
    while (n >= 64) {
      rest |= n & 1;
      n >>= 1;
    }
    return n + rest;
  }

  // Depth of the boundary between two neighbouring runs in the ideal merge tree of n items.
  static u32 node_power(u64 start, u64 length, u64 next_length, u64 n) {
    u64 a = 2 * start + length, b = a + length + next_length;
    for (u32 power = 1;; power++) {
      if (a >= n) {
        a -= n;
        b -= n;
      } else if (b >= n) {
        return power;
      }
      a <<= 1;
      b <<= 1;
    }
  }

  // The length of the run at the start; a strictly falling one is turned round. -1: raised.
  i64 natural_run(Item* a, u64 n) {
    u64 i = 1;
    int r = extend_rising(a, n, &i);
    if (r < 0) return -1;
    if (i == n) return i64(n);
    // a[i] is less than its neighbour. Only equal items may come before a falling run: turned round twice, they keep their order.
    if (i > 1) {
      if ((r = less_(a[0], a[i - 1])) < 0) return -1;
      if (r) return i64(i);
      turn_round(a, 0, i);
    }
    u64 equal = 0;  // how many at the end equal the one before them
    for (i++; i < n; i++) {
      if ((r = less_(a[i], a[i - 1])) < 0) return -1;
      if (r) {
        turn_round(a, i - 1 - equal, i);
        equal = 0;
        continue;
      }
      if ((r = less_(a[i - 1], a[i])) < 0) return -1;
      if (r) break;
      equal++;
    }
    turn_round(a, i - 1 - equal, i);
    turn_round(a, 0, i);
    return extend_rising(a, n, &i) < 0 ? -1 : i64(i);
  }

  // Moves *end on while the items before it do not fall. -1: raised.
  int extend_rising(Item* a, u64 n, u64* end) {
    int r = 0;
    for (; *end < n; ++*end)
      if ((r = less_(a[*end], a[*end - 1])) != 0) break;
    return r;
  }
  static void turn_round(Item* a, u64 from, u64 to) {
    for (u64 low = from, high = to - 1; low < high; low++, high--) std::swap(a[low], a[high]);
  }

  bool insertion_sort(Item* a, u64 n, u64 sorted) {
    for (u64 i = sorted; i < n; i++) {
      Item pivot = a[i];
      u64 low = 0, high = i;
      while (low < high) {
        u64 middle = (low + high) / 2;
        int r = less_(pivot, a[middle]);
        if (r < 0) return false;
        if (r)
          high = middle;
        else
          low = middle + 1;
      }
      for (u64 k = i; k > low; k--) a[k] = a[k - 1];
      a[low] = pivot;
    }
    return true;
  }

  bool merge_top(Item* a) {
    Run& left = runs_[depth_ - 2];
    Run right = runs_[depth_ - 1];
    depth_--;
    u64 start = left.start, n = left.length, m = right.length;
    left.length += m;
    left.power = right.power;
    Item *x = a + start, *y = a + right.start;
    // What is in place at both ends stays there.
    i64 skip = gallop_right(y[0], x, n, 0);
    if (skip < 0) return false;
    x += skip;
    n -= u64(skip);
    if (n == 0) return true;
    i64 keep = gallop_left(x[n - 1], y, m, m - 1);
    if (keep < 0) return false;
    m = u64(keep);
    if (m == 0) return true;
    return n <= m ? merge_low(x, n, y, m) : merge_high(x, n, y, m);
  }

  bool need_temp(u64 n) {
    if (n <= temp_size_) return true;
    std::free(temp_);
    temp_ = static_cast<Item*>(std::malloc(n * sizeof(Item)));
    temp_size_ = temp_ == nullptr ? 0 : n;
    if (temp_ == nullptr) out_of_memory_ = true;
    return temp_ != nullptr;
  }

  // The left run is the shorter: it is moved out, and both are merged from the front.
  bool merge_low(Item* x, u64 n, Item* y, u64 m) {
    if (!need_temp(n)) return false;
    for (u64 i = 0; i < n; i++) temp_[i] = x[i];
    Item *to = x, *l = temp_, *l_end = temp_ + n, *r = y, *r_end = y + m;
    *to++ = *r++;
    // What is left of the moved run goes into the gap, which is as long.
    auto put_back = [&] {
      while (l < l_end) *to++ = *l++;
      return false;
    };
    u64 gallop = min_gallop_;
    while (l < l_end && r < r_end) {
      u64 left_wins = 0, right_wins = 0;
      while (l < l_end && r < r_end) {
        int c = less_(*r, *l);
        if (c < 0) return put_back();
        if (c) {
          *to++ = *r++;
          left_wins = 0;
          if (++right_wins >= gallop) break;
        } else {
          *to++ = *l++;
          right_wins = 0;
          if (++left_wins >= gallop) break;
        }
      }
      gallop++;
      while (l < l_end && r < r_end) {
        gallop -= gallop > 1;
        i64 k = gallop_right(*r, l, u64(l_end - l), 0);
        if (k < 0) return put_back();
        for (i64 i = 0; i < k; i++) *to++ = *l++;
        u64 first = u64(k);
        if (l == l_end) break;
        *to++ = *r++;
        if (r == r_end) break;
        k = gallop_left(*l, r, u64(r_end - r), 0);
        if (k < 0) return put_back();
        for (i64 i = 0; i < k; i++) *to++ = *r++;
        if (r == r_end) break;
        *to++ = *l++;
        if (first < kMinGallop && u64(k) < kMinGallop) break;
      }
      gallop++;
    }
    min_gallop_ = gallop < 1 ? 1 : gallop;
    while (l < l_end) *to++ = *l++;
    return true;
  }

  // The right run is the shorter: merged from the back.
  bool merge_high(Item* x, u64 n, Item* y, u64 m) {
    if (!need_temp(m)) return false;
    for (u64 i = 0; i < m; i++) temp_[i] = y[i];
    Item *to = y + m, *l = x + n, *r = temp_ + m;  // each points behind its next item
    *--to = *--l;
    auto put_back = [&] {
      while (r > temp_) *--to = *--r;
      return false;
    };
    u64 gallop = min_gallop_;
    while (l > x && r > temp_) {
      u64 left_wins = 0, right_wins = 0;
      while (l > x && r > temp_) {
        int c = less_(r[-1], l[-1]);
        if (c < 0) return put_back();
        if (c) {
          *--to = *--l;
          right_wins = 0;
          if (++left_wins >= gallop) break;
        } else {
          *--to = *--r;
          left_wins = 0;
          if (++right_wins >= gallop) break;
        }
      }
      gallop++;
      while (l > x && r > temp_) {
        gallop -= gallop > 1;
        u64 rest = u64(l - x);
        i64 k = gallop_right(r[-1], x, rest, rest - 1);
        if (k < 0) return put_back();
        u64 first = rest - u64(k);
        for (u64 i = 0; i < first; i++) *--to = *--l;
        if (l == x) break;
        *--to = *--r;
        if (r == temp_) break;
        rest = u64(r - temp_);
        k = gallop_left(l[-1], temp_, rest, rest - 1);
        if (k < 0) return put_back();
        u64 second = rest - u64(k);
        for (u64 i = 0; i < second; i++) *--to = *--r;
        if (r == temp_) break;
        *--to = *--l;
        if (first < kMinGallop && second < kMinGallop) break;
      }
      gallop++;
    }
    min_gallop_ = gallop < 1 ? 1 : gallop;
    while (r > temp_) *--to = *--r;
    return true;
  }

  // The first position whose item is not less than `key` (left) or is greater (right), searched from `hint` with
  // doubling steps, then by halves. -1: raised.
  i64 gallop_left(const Item& key, const Item* a, u64 n, u64 hint) {
    return gallop(a, n, hint, [&](const Item& item) { return less_(item, key); });
  }
  i64 gallop_right(const Item& key, const Item* a, u64 n, u64 hint) {
    return gallop(a, n, hint, [&](const Item& item) {
      int r = less_(key, item);
      return r < 0 ? r : !r;
    });
  }
  // before(item): 1 while the position lies further on.
  template <class Before>
  i64 gallop(const Item* a, u64 n, u64 hint, Before&& before) {
    int r = before(a[hint]);
    if (r < 0) return -1;
    u64 low, high;  // everything in front of low is before; high (if < n) is not
    if (r) {
      low = hint + 1;
      high = n;
      for (u64 step = 1; hint + step < n; step = step * 2 + 1) {
        r = before(a[hint + step]);
        if (r < 0) return -1;
        if (!r) {
          high = hint + step;
          break;
        }
        low = hint + step + 1;
      }
    } else {
      low = 0;
      high = hint;
      for (u64 step = 1; step <= hint; step = step * 2 + 1) {
        r = before(a[hint - step]);
        if (r < 0) return -1;
        if (r) {
          low = hint - step + 1;
          break;
        }
        high = hint - step;
      }
    }
    while (low < high) {
      u64 middle = (low + high) / 2;
      r = before(a[middle]);
      if (r < 0) return -1;
      if (r)
        low = middle + 1;
      else
        high = middle;
    }
    return i64(low);
  }

  Less less_;
  Item* temp_ = nullptr;
  u64 temp_size_ = 0;
  u64 min_gallop_ = kMinGallop;
  bool out_of_memory_ = false;
  u32 depth_ = 0;
  Run runs_[72];
};

}  // namespace typhon
