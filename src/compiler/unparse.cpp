#include "compiler/unparse.h"

#include <string>

#include "parser/dump.h"

namespace typhon::compiler {

using namespace ast;

namespace {

enum Level {
  kTupleLevel,
  kTest,
  kOrLevel,
  kAndLevel,
  kNotLevel,
  kCompareLevel,
  kBitOr,
  kBitXor,
  kBitAnd,
  kShift,
  kArithmetic,
  kTerm,
  kFactor,
  kPower,
  kAwaitLevel,
  kAtom,
  kNamedLevel = kTupleLevel,
};

class Unparser {
 public:
  explicit Unparser(Vec<char>& out) : out_(out) {}

  void expression(const Expr* e, int level) {
    switch (e->kind) {
      case Kind::kBoolOp: {
        auto* b = as<BoolOp>(e);
        bool is_and = b->op == BoolOperator::kAnd;
        int own = is_and ? kAndLevel : kOrLevel;
        open(level > own);
        for (u32 i = 0; i < b->values.size; i++) {
          if (i > 0) text(is_and ? " and " : " or ");
          expression(b->values[i], own + 1);
        }
        return close(level > own);
      }
      case Kind::kBinOp: return binary(as<BinOp>(e), level);
      case Kind::kUnaryOp: {
        auto* u = as<UnaryOp>(e);
        int own = u->op == UnaryOperator::kNot ? kNotLevel : kFactor;
        open(level > own);
        text(u->op == UnaryOperator::kNot    ? "not "
             : u->op == UnaryOperator::kUSub ? "-"
             : u->op == UnaryOperator::kUAdd ? "+"
                                             : "~");
        expression(u->operand, own);
        return close(level > own);
      }
      case Kind::kLambda: {
        auto* l = as<Lambda>(e);
        open(level > kTest);
        const Arguments* a = l->args;
        bool any = !a->posonlyargs.empty() || !a->args.empty() || a->vararg || !a->kwonlyargs.empty() || a->kwarg;
        text(any ? "lambda " : "lambda");
        arguments(a);
        text(": ");
        expression(l->body, kTest);
        return close(level > kTest);
      }
      case Kind::kIfExp: {
        auto* i = as<IfExp>(e);
        open(level > kTest);
        expression(i->body, kTest + 1);
        text(" if ");
        expression(i->test, kTest + 1);
        text(" else ");
        expression(i->orelse, kTest);
        return close(level > kTest);
      }
      case Kind::kDict: {
        auto* d = as<ast::Dict>(e);
        text("{");
        for (u32 i = 0; i < d->values.size; i++) {
          if (i > 0) text(", ");
          if (d->keys[i] != nullptr) {
            expression(d->keys[i], kTest);
            text(": ");
            expression(d->values[i], kTest);
          } else {
            text("**");
            expression(d->values[i], kBitOr);
          }
        }
        return text("}");
      }
      case Kind::kSet:
        text("{");
        list(as<ast::Set>(e)->elts);
        return text("}");
      case Kind::kListComp: return comprehension("[", "]", as<ListComp>(e)->elt, nullptr, as<ListComp>(e)->generators);
      case Kind::kSetComp: return comprehension("{", "}", as<SetComp>(e)->elt, nullptr, as<SetComp>(e)->generators);
      case Kind::kGeneratorExp:
        return comprehension("(", ")", as<GeneratorExp>(e)->elt, nullptr, as<GeneratorExp>(e)->generators);
      case Kind::kDictComp:
        return comprehension("{", "}", as<DictComp>(e)->key, as<DictComp>(e)->value, as<DictComp>(e)->generators);
      case Kind::kYield:
        if (as<Yield>(e)->value == nullptr) return text("(yield)");
        text("(yield ");
        expression(as<Yield>(e)->value, kTupleLevel);
        return text(")");
      case Kind::kYieldFrom:
        text("(yield from ");
        expression(as<YieldFrom>(e)->value, kTest);
        return text(")");
      case Kind::kAwait:
        open(level > kAwaitLevel);
        text("await ");
        expression(as<Await>(e)->value, kAtom);
        return close(level > kAwaitLevel);
      case Kind::kCompare: {
        auto* c = as<Compare>(e);
        open(level > kCompareLevel);
        expression(c->left, kCompareLevel + 1);
        static constexpr const char* kOperators[] = {" == ", " != ", " < ",      " <= ", " > ",
                                                     " >= ", " is ", " is not ", " in ", " not in "};
        for (u32 i = 0; i < c->ops.size; i++) {
          text(kOperators[int(c->ops[i])]);
          expression(c->comparators[i], kCompareLevel + 1);
        }
        return close(level > kCompareLevel);
      }
      case Kind::kCall: return call(as<Call>(e));
      case Kind::kConstant: return constant(as<Constant>(e));
      case Kind::kJoinedStr: return joined(as<JoinedStr>(e)->values, "f");
      case Kind::kTemplateStr: return joined(as<TemplateStr>(e)->values, "t");
      case Kind::kFormattedValue:
      case Kind::kInterpolation: {
        std::string body;
        replacement(e, body);
        return literal("f", body);
      }
      case Kind::kAttribute: {
        auto* a = as<Attribute>(e);
        expression(a->value, kAtom);
        bool number =
            a->value->kind == Kind::kConstant && as<Constant>(a->value)->value.type == ConstantValue::Type::kInt;
        text(number ? " ." : ".");
        return text(a->attr);
      }
      case Kind::kStarred: text("*"); return expression(as<Starred>(e)->value, kBitOr);
      case Kind::kName: return text(as<Name>(e)->id);
      case Kind::kList:
        text("[");
        list(as<ast::List>(e)->elts);
        return text("]");
      case Kind::kTuple: {
        auto* t = as<ast::Tuple>(e);
        if (t->elts.empty()) return text("()");
        open(level > kTupleLevel);
        list(t->elts, kTest);
        if (t->elts.size == 1) text(",");
        return close(level > kTupleLevel);
      }
      case Kind::kSubscript: {
        auto* s = as<Subscript>(e);
        expression(s->value, kAtom);
        text("[");
        expression(s->slice, kTupleLevel);
        return text("]");
      }
      case Kind::kSlice: {
        auto* s = as<ast::Slice>(e);
        if (s->lower) expression(s->lower, kTest);
        text(":");
        if (s->upper) expression(s->upper, kTest);
        if (s->step) {
          text(":");
          expression(s->step, kTest);
        }
        return;
      }
      case Kind::kNamedExpr: {
        auto* n = as<NamedExpr>(e);
        open(level > kNamedLevel);
        expression(n->target, kAtom);
        text(" := ");
        expression(n->value, kTest);
        return close(level > kNamedLevel);
      }
      default: return;
    }
  }

 private:
  void text(std::string_view s) {
    for (char c : s) out_.push(c);
  }
  void open(bool wanted) {
    if (wanted) out_.push('(');
  }
  void close(bool wanted) {
    if (wanted) out_.push(')');
  }
  void list(Seq<Expr*> elements, int level = kTest) {
    for (u32 i = 0; i < elements.size; i++) {
      if (i > 0) text(", ");
      expression(elements[i], level);
    }
  }

  void binary(const BinOp* b, int level) {
    struct Row {
      const char* text;
      int level;
    };
    static constexpr Row kRows[] = {
        {" + ", kArithmetic}, {" - ", kArithmetic}, {" * ", kTerm},   {" @ ", kTerm},   {" / ", kTerm},
        {" % ", kTerm},       {" ** ", kPower},     {" << ", kShift}, {" >> ", kShift}, {" | ", kBitOr},
        {" ^ ", kBitXor},     {" & ", kBitAnd},     {" // ", kTerm},
    };
    const Row& row = kRows[int(b->op)];
    bool power = b->op == Operator::kPow;
    open(level > row.level);
    expression(b->left, row.level + power);
    text(row.text);
    expression(b->right, row.level + !power);
    close(level > row.level);
  }

  void arguments(const Arguments* a) {
    bool first = true;
    auto comma = [&] {
      if (!first) text(", ");
      first = false;
    };
    u32 positional = a->posonlyargs.size + a->args.size;
    for (u32 i = 0; i < positional; i++) {
      comma();
      text(i < a->posonlyargs.size ? a->posonlyargs[i]->arg : a->args[i - a->posonlyargs.size]->arg);
      u32 without = positional - a->defaults.size;
      if (i >= without) {
        text("=");
        expression(a->defaults[i - without], kTest);
      }
      if (i + 1 == a->posonlyargs.size) text(", /");
    }
    if (a->vararg != nullptr || !a->kwonlyargs.empty()) {
      comma();
      text("*");
      if (a->vararg != nullptr) text(a->vararg->arg);
    }
    for (u32 i = 0; i < a->kwonlyargs.size; i++) {
      comma();
      text(a->kwonlyargs[i]->arg);
      if (a->kw_defaults[i] != nullptr) {
        text("=");
        expression(a->kw_defaults[i], kTest);
      }
    }
    if (a->kwarg != nullptr) {
      comma();
      text("**");
      text(a->kwarg->arg);
    }
  }

  void call(const Call* c) {
    expression(c->func, kAtom);
    if (c->args.size == 1 && c->keywords.empty() && c->args[0]->kind == Kind::kGeneratorExp) {
      return expression(c->args[0], kTupleLevel);  // has parentheses of its own
    }
    text("(");
    list(c->args);
    bool first = c->args.empty();
    for (const Keyword* k : c->keywords) {
      if (!first) text(", ");
      first = false;
      if (k->arg.data() != nullptr) {
        text(k->arg);
        text("=");
      } else {
        text("**");
      }
      expression(k->value, kTest);
    }
    text(")");
  }

  void comprehension(const char* opening, const char* closing, const Expr* elt, const Expr* value,
                     Seq<Comprehension*> generators) {
    text(opening);
    expression(elt, kTest);
    if (value != nullptr) {
      text(": ");
      expression(value, kTest);
    }
    for (const Comprehension* g : generators) {
      text(g->is_async ? " async for " : " for ");
      expression(g->target, kTupleLevel);
      text(" in ");
      expression(g->iter, kTest + 1);
      for (const Expr* condition : g->ifs) {
        text(" if ");
        expression(condition, kTest + 1);
      }
    }
    text(closing);
  }

  void constant(const Constant* c) {
    if (c->value.type == ConstantValue::Type::kEllipsis) return text("...");
    if (c->kind.data() != nullptr) text(c->kind);  // u'...'
    std::string repr = constant_repr(c->value);
    bool number = c->value.type == ConstantValue::Type::kFloat || c->value.type == ConstantValue::Type::kComplex;
    // Infinity has no literal of its own.
    for (size_t at; number && (at = repr.find("inf")) != repr.npos;) repr.replace(at, 3, "1e309");
    text(repr);
  }

  // The text between the braces of a replacement field, with them.
  void replacement(const Expr* e, std::string& out) {
    const Expr* value;
    i32 conversion;
    const Expr* spec;
    if (e->kind == Kind::kFormattedValue) {
      auto* f = as<FormattedValue>(e);
      value = f->value, conversion = f->conversion, spec = f->format_spec;
    } else {
      auto* f = as<Interpolation>(e);
      value = f->value, conversion = f->conversion, spec = f->format_spec;
    }
    Vec<char> inner;
    Unparser(inner).expression(value, kTest + 1);
    out += inner.size() && inner[0] == '{' ? "{ " : "{";
    out.append(inner.data(), inner.size());
    if (conversion > 0) {
      out += '!';
      out += char(conversion);
    }
    if (spec != nullptr) {
      out += ':';
      parts(as<JoinedStr>(spec)->values, out);
    }
    out += '}';
  }

  void parts(Seq<Expr*> values, std::string& out) {
    for (const Expr* v : values) {
      if (v->kind == Kind::kConstant) {
        for (char c : as<Constant>(v)->value.text) {
          out += c;
          if (c == '{' || c == '}') out += c;
        }
      } else if (v->kind == Kind::kJoinedStr) {
        parts(as<JoinedStr>(v)->values, out);
      } else {
        replacement(v, out);
      }
    }
  }

  void literal(const char* prefix, const std::string& body) {
    ConstantValue v;
    v.type = ConstantValue::Type::kStr;
    v.text = body;
    text(prefix);
    text(constant_repr(v));
  }

  void joined(Seq<Expr*> values, const char* prefix) {
    std::string body;
    parts(values, body);
    literal(prefix, body);
  }

  Vec<char>& out_;
};

}  // namespace

void unparse_expression(const Expr* e, Vec<char>& out) { Unparser(out).expression(e, kTest); }

}  // namespace typhon::compiler
