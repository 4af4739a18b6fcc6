// itertools: the module.
#include "modules/itertools/itertools.h"

namespace typhon {
namespace {

using namespace itertools;

struct TypeRow {
  const TypeSpec* spec;
  Type** where;
};
const TypeRow kTypes[] = {
    {&spec_accumulate, &g_accumulate},
    {&spec_batched, &g_batched},
    {&spec_chain, &g_chain},
    {&spec_combinations, &g_combinations},
    {&spec_combinations_with_replacement, &g_combinations_with_replacement},
    {&spec_compress, &g_compress},
    {&spec_count, &g_count},
    {&spec_cycle, &g_cycle},
    {&spec_dropwhile, &g_dropwhile},
    {&spec_filterfalse, &g_filterfalse},
    {&spec_groupby, &g_groupby},
    {&spec_grouper, &g_grouper},
    {&spec_islice, &g_islice},
    {&spec_pairwise, &g_pairwise},
    {&spec_permutations, &g_permutations},
    {&spec_product, &g_product},
    {&spec_repeat, &g_repeat},
    {&spec_starmap, &g_starmap},
    {&spec_takewhile, &g_takewhile},
    {&spec_tee, &g_tee},
    {&spec_tee_data, &g_tee_data},
    {&spec_zip_longest, &g_zip_longest},
};

const Method kFunctions[] = {
    method("tee", tee, "($module, iterable, n=2, /)", "Returns a tuple of n independent iterators."),
    {},
};

Status initialise(Thread& t, Module* module) {
  for (const TypeRow& row : kTypes) TRY(module_add_type(t, module, *row.spec, row.where));
  return ok();
}

}  // namespace

extern const ModuleDef module_itertools;
const ModuleDef module_itertools = {
    "itertools",
    "Functional tools for creating and using iterators.\n\nInfinite iterators:\ncount(start=0, step=1) --> start, "
    "start+step, start+2*step, ...\ncycle(p) --> p0, p1, ... plast, p0, p1, ...\nrepeat(elem [,n]) --> elem, elem, "
    "elem, "
    "... endlessly or up to n times\n\nIterators terminating on the shortest input sequence:\naccumulate(p[, func]) "
    "--> p0, "
    "p0+p1, p0+p1+p2\nbatched(p, n) --> [p0, p1, ..., p_n-1], [p_n, p_n+1, ..., p_2n-1], ...\nchain(p, q, ...) --> p0, "
    "p1, "
    "... plast, q0, q1, ...\nchain.from_iterable([p, q, ...]) --> p0, p1, ... plast, q0, q1, ...\ncompress(data, "
    "selectors) "
    "--> (d[0] if s[0]), (d[1] if s[1]), ...\ndropwhile(predicate, seq) --> seq[n], seq[n+1], starting when predicate "
    "fails\ngroupby(iterable[, keyfunc]) --> sub-iterators grouped by value of keyfunc(v)\nfilterfalse(predicate, seq) "
    "--> "
    "elements of seq where predicate(elem) is False\nislice(seq, [start,] stop [, step]) --> elements from\n       "
    "seq[start:stop:step]\npairwise(s) --> (s[0],s[1]), (s[1],s[2]), (s[2], s[3]), ...\nstarmap(fun, seq) --> "
    "fun(*seq[0]), fun(*seq[1]), ...\ntee(it, n=2) --> (it1, it2 , ... itn) splits one iterator into "
    "n\ntakewhile(predicate, "
    "seq) --> seq[0], seq[1], until predicate fails\nzip_longest(p, q, ...) --> (p[0], q[0]), (p[1], q[1]), "
    "...\n\nCombinatoric generators:\nproduct(p, q, ... [repeat=1]) --> cartesian product\npermutations(p[, "
    "r])\ncombinations(p, r)\ncombinations_with_replacement(p, r)\n",
    kFunctions, initialise};

}  // namespace typhon
