// Constants: values of literals, and expressions that can be computed while compiling without anyone noticing.
#include "compiler/codegen.h"
#include "objects/protocol/protocol.h"

namespace typhon::compiler {

using namespace ast;

namespace {

// Folded values stay small: a program that writes 10**10**10 must not pay for it here.
constexpr u64 kMaxIntBits = 128;
constexpr u64 kMaxCollection = 256;
constexpr u64 kMaxString = 4096;

bool identifier_like(std::string_view text) {
  for (char c : text) {
    if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_')) return false;
  }
  return true;
}

bool is_number(Value v) { return is_exact_int(v) || v.is_bool() || is_exact_float(v) || is_exact_complex_(v); }
bool is_integer(Value v) { return is_exact_int(v) || v.is_bool(); }

u64 collection_size(Value v) {
  if (is_exact_str(v)) return v.as<Str>()->length();
  if (is_exact_bytes(v)) return v.as<Bytes>()->size;
  if (is_exact_tuple(v)) return v.as<typhon::Tuple>()->size;
  return 0;
}

// The number of leaves of nested tuples.
u64 leaves(Value v) {
  if (!is_exact_tuple(v)) return 1;
  u64 n = 1;
  for (u64 i = 0; i < v.as<typhon::Tuple>()->size; i++) n += leaves(v.as<typhon::Tuple>()->items[i].peek());
  return n;
}

}  // namespace

Ref Codegen::constant_value(const ConstantValue& v) {
  using Type = ConstantValue::Type;
  switch (v.type) {
    case Type::kNone: return Ref::none();
    case Type::kTrue: return Ref::boolean(true);
    case Type::kFalse: return Ref::boolean(false);
    case Type::kEllipsis: return Ref::copy(Ellipsis);
    case Type::kInt: return int_from(thread_, v.int_value);
    case Type::kBigInt: {
      std::string_view digits = v.text;
      bool negative = !digits.empty() && digits[0] == '-';
      if (negative) digits.remove_prefix(1);
      return int_from_digits(thread_, digits.data(), digits.size(), v.base, negative);
    }
    case Type::kFloat: return float_from(thread_, v.float_value);
    case Type::kComplex: return complex_from(thread_, v.real_value, v.float_value);
    case Type::kStr:
      if (identifier_like(v.text)) return Ref::copy(names_.value(names_.intern(v.text)));
      return str_from_utf8(thread_, v.text);
    case Type::kBytes: return bytes_from(thread_, v.text.data(), v.text.size());
    case Type::kTuple:
    case Type::kFrozenSet: {
      RootedVector items(thread_);
      for (const ConstantValue& item : v.items) {
        Ref value = constant_value(item);
        if (value.failed()) return value;
        items.push(std::move(value));
      }
      RefTo<typhon::Tuple> tuple = tuple_from(thread_, items.data(), items.size());
      if (tuple.failed() || v.type == Type::kTuple) return tuple;
      return set_from_py(thread_, tuple, true);
    }
  }
  return Ref();
}

Ref Codegen::fold_sequence(Seq<Expr*> elements) {
  // Most sequences have a variable in front: no work for them.
  for (const Expr* e : elements) {
    if (e->kind != Kind::kConstant && e->kind != Kind::kUnaryOp && e->kind != Kind::kBinOp && e->kind != Kind::kTuple) {
      return Ref();
    }
  }
  RootedVector items(thread_);
  for (const Expr* e : elements) {
    Ref value = fold(e);
    if (value.is_empty() || value.failed()) return value;
    items.push(std::move(value));
  }
  return tuple_from(thread_, items.data(), items.size());
}

Ref Codegen::fold(const Expr* e) {
  switch (e->kind) {
    case Kind::kConstant: return constant_value(as<Constant>(e)->value);
    case Kind::kName:
      if (as<Name>(e)->id == "__debug__" && as<Name>(e)->ctx == ExprContext::kLoad) return Ref::boolean(optimize_ == 0);
      return Ref();
    case Kind::kTuple:
      if (as<ast::Tuple>(e)->ctx != ExprContext::kLoad) return Ref();
      return fold_sequence(as<ast::Tuple>(e)->elts);
    case Kind::kUnaryOp: {
      if (reporter_.deep()) return Ref();
      Ref v = fold(as<ast::UnaryOp>(e)->operand);
      if (v.is_empty() || v.failed()) return v;
      return fold_unary(as<ast::UnaryOp>(e)->op, v);
    }
    case Kind::kBinOp: {
      // Left-leaning chains without recursion; the leaves on the right decide quickly.
      u32 mark = chain_.size();
      const Expr* leftmost = e;
      for (; leftmost->kind == Kind::kBinOp; leftmost = as<BinOp>(leftmost)->left) {
        const Expr* right = as<BinOp>(leftmost)->right;
        if (right->kind != Kind::kConstant && right->kind != Kind::kUnaryOp && right->kind != Kind::kBinOp &&
            right->kind != Kind::kTuple) {
          chain_.truncate(mark);
          return Ref();
        }
        chain_.push(as<BinOp>(leftmost));
      }
      if (reporter_.deep()) return Ref();
      Ref value = fold(leftmost);
      while (chain_.size() > mark) {
        const BinOp* b = chain_.pop();
        if (value.is_empty() || value.failed()) continue;
        Ref right = fold(b->right);
        if (right.is_empty() || right.failed()) {
          value = std::move(right);
        } else {
          value = fold_binary(b->op, value, right);
        }
      }
      // As literals: equal ones are one object.
      if (is_exact_str(value) && value.as<Str>()->is_ascii() && identifier_like(value.as<Str>()->ascii()))
        return str_intern(thread_, value);
      return value;
    }
    default: return Ref();
  }
}

Ref Codegen::fold_unary(UnaryOperator op, Value v) {
  Ref result;
  switch (op) {
    case UnaryOperator::kNot: {
      Result<bool> truth_value = truth(thread_, v);
      if (!truth_value.failed()) return Ref::boolean(!truth_value.get());
      break;
    }
    case UnaryOperator::kUSub:
      if (!is_number(v)) return Ref();
      result = unary_op(thread_, typhon::UnaryOp::kNegative, v);
      break;
    case UnaryOperator::kUAdd:
      if (!is_number(v)) return Ref();
      result = unary_op(thread_, typhon::UnaryOp::kPositive, v);
      break;
    case UnaryOperator::kInvert:
      if (!is_exact_int(v)) return Ref();  // ~True warns when it runs
      result = unary_op(thread_, typhon::UnaryOp::kInvert, v);
      break;
  }
  if (result.failed()) {
    clear_exception(thread_);
    return Ref();
  }
  return result;
}

Ref Codegen::fold_binary(Operator op, Value l, Value r) {
  BinaryOp which;
  bool numbers = is_number(l) && is_number(r), integers = is_integer(l) && is_integer(r);
  switch (op) {
    case Operator::kAdd: {
      bool strings = (is_exact_str(l) && is_exact_str(r)) || (is_exact_bytes(l) && is_exact_bytes(r)) ||
                     (is_exact_tuple(l) && is_exact_tuple(r));
      if (!numbers && !(strings && collection_size(l) + collection_size(r) <= kMaxString)) return Ref();
      which = BinaryOp::kAdd;
      break;
    }
    case Operator::kSub:
      if (!numbers) return Ref();
      which = BinaryOp::kSub;
      break;
    case Operator::kMult: {
      which = BinaryOp::kMul;
      if (integers) {
        if (int_bit_length(l) + int_bit_length(r) > kMaxIntBits) return Ref();
        break;
      }
      if (numbers) break;
      Value count = is_integer(l) ? l : r, items = is_integer(l) ? r : l;
      i64 n;
      if (!is_integer(count) || !(is_exact_str(items) || is_exact_bytes(items) || is_exact_tuple(items)) ||
          !int_fits_i64(count, &n) || n < 0) {
        return Ref();
      }
      u64 size = is_exact_tuple(items) ? leaves(items) : collection_size(items);
      u64 limit = is_exact_tuple(items) ? kMaxCollection : kMaxString;
      if (size != 0 && u64(n) > limit / size) return Ref();
      break;
    }
    case Operator::kDiv:
      if (!numbers) return Ref();
      which = BinaryOp::kTrueDiv;
      break;
    case Operator::kFloorDiv:
      if (!numbers) return Ref();
      which = BinaryOp::kFloorDiv;
      break;
    case Operator::kMod:
      if (!numbers) return Ref();
      which = BinaryOp::kMod;
      break;
    case Operator::kPow: {
      which = BinaryOp::kPow;
      if (!numbers) return Ref();
      i64 exponent;
      if (integers && int_sign(r) > 0 && int_bit_length(l) != 0 &&
          (!int_fits_i64(r, &exponent) || u64(exponent) > kMaxIntBits / int_bit_length(l))) {
        return Ref();
      }
      break;
    }
    case Operator::kLShift: {
      which = BinaryOp::kLshift;
      i64 shift;
      if (!integers || !int_fits_i64(r, &shift) || shift < 0 || shift > i64(kMaxIntBits) ||
          int_bit_length(l) + u64(shift) > kMaxIntBits) {
        return Ref();
      }
      break;
    }
    case Operator::kRShift:
      if (!integers) return Ref();
      which = BinaryOp::kRshift;
      break;
    case Operator::kBitOr:
      if (!integers) return Ref();
      which = BinaryOp::kOr;
      break;
    case Operator::kBitXor:
      if (!integers) return Ref();
      which = BinaryOp::kXor;
      break;
    case Operator::kBitAnd:
      if (!integers) return Ref();
      which = BinaryOp::kAnd;
      break;
    default: return Ref();
  }
  Ref result = binary_op(thread_, which, l, r);
  if (result.failed()) {
    clear_exception(thread_);  // it will be raised where it belongs
    return Ref();
  }
  return result;
}

int Codegen::constant_truth(const Expr* e) {
  if (e->kind == Kind::kConstant) {
    using Type = ConstantValue::Type;
    const ConstantValue& v = as<Constant>(e)->value;
    switch (v.type) {
      case Type::kNone:
      case Type::kFalse: return 0;
      case Type::kTrue:
      case Type::kEllipsis:
      case Type::kBigInt: return 1;
      case Type::kInt: return v.int_value != 0;
      case Type::kFloat: return v.float_value != 0;
      case Type::kComplex: return v.float_value != 0 || v.real_value != 0;
      case Type::kStr:
      case Type::kBytes: return !v.text.empty();
      case Type::kTuple:
      case Type::kFrozenSet: return !v.items.empty();
    }
  }
  if (e->kind == Kind::kName || e->kind == Kind::kUnaryOp || e->kind == Kind::kBinOp || e->kind == Kind::kTuple) {
    Ref v = fold(e);
    if (v.is_empty() || v.failed()) return -1;
    Result<bool> t = truth(thread_, v);
    return t.failed() ? -1 : t.get();
  }
  return -1;
}

}  // namespace typhon::compiler
