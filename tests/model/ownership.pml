/* The ownership scheme (docs/ownership.md): publish, count, queue as a candidate, stop and scan, condemn, free, retire.
 *
 * Two threads work on two objects: X, and Y with a slot F for X. Slots: a global G, a weak reference W to X, a table whose body may be
 * replaced, a confined slot of thread 0. A third process reclaims. Every access of shared memory is a step of its own; inside a stop
 * the reclaiming process is alone. Freed objects are used again, so the state space is closed.
 *
 * Checked: nobody uses a freed object or another thread's LOCAL one, nothing is freed that a slot or a register refers to, no
 * candidate is queued twice, nothing without a count is forgotten; in every stop: shared objects refer to no LOCAL one, and counts are
 * exact.
 *
 * run.py explores it with the rules as they are, where it must hold, and with one rule broken (BREAK_...), where it must fail.
 */
#ifndef REGS0
#define REGS0 2
#endif
#ifndef REGS1
#define REGS1 1
#endif

#define NONE 0
#define X 1
#define Y 2
#define OBJECTS 3

/* states of objects */
#define UNBORN 0
#define LOCAL 1
#define SHARED 2
#define CONDEMNED 3
#define DEAD 4        /* ONCE: memory is not used again, which keeps the number of states down */
#ifdef ONCE
#define AFTERLIFE DEAD
#else
#define AFTERLIFE UNBORN
#endif
#define GONE(o) (st[o] == UNBORN || st[o] == DEAD)

/* words in registers: object * 2 + deferred */
#define OBJECT(w) ((w) >> 1)
#define COUNTED(o) ((o) << 1)
#define DEFERRED(o) (((o) << 1) | 1)
#define IS_DEFERRED(w) ((w) & 1)

byte st[OBJECTS], owner[OBJECTS], cnt[OBJECTS], listed[OBJECTS];
bit queued[OBJECTS], finalised[OBJECTS], to_finalise[OBJECTS], found[OBJECTS];
byte G, F, W;
byte reg[4];           /* thread t: reg[2 * t], reg[2 * t + 1] */
byte finalising[2];    /* the object whose finaliser the thread runs */
byte safe[2] = 1;      /* 0: running, 1: at a safepoint, 2: stopped for scans only */
bit stop;
bit single;            /* single-threaded mode again */
byte confined;
/* a table of one entry: bodies 0 and 1 */
byte entry[2], current, retired[2];  /* retired: 0 no, 1 yes, 2 freed */
byte body_held[2];                   /* body + 1 that the thread reads, over a safepoint */

#define IN_REGISTERS(o) (OBJECT(reg[0]) == o || OBJECT(reg[1]) == o || OBJECT(reg[2]) == o || OBJECT(reg[3]) == o || \
                         finalising[0] == o || finalising[1] == o)
#define IN_SLOTS(o) (G == o || (F == o && !GONE(Y)) || W == o || confined == o || \
                     (retired[0] != 2 && entry[0] == o) || entry[current] == o)
#define TOUCH(o) assert(st[o] == SHARED || st[o] == CONDEMNED || (st[o] == LOCAL && owner[o] == t))

/* --- ends of objects */
inline free_object(o) {
  d_step {
    assert(st[o] == LOCAL || st[o] == SHARED || st[o] == CONDEMNED);
    assert(!IN_REGISTERS(o));
    assert(G != o && confined != o && entry[current] != o && (F != o || GONE(Y) || (o == X && st[Y] == CONDEMNED)));
    if :: (W == o && st[o] == LOCAL) -> W = NONE :: else fi;
    assert(W != o);
    assert(listed[o] == 0);
    st[o] = AFTERLIFE; owner[o] = 0; cnt[o] = 0; queued[o] = 0; finalised[o] = 0; to_finalise[o] = 0;
  }
}

/* A count of a shared object is dropped: with one atomic step that also says who queues it (R8). */
inline drop_shared(o) {
  bool mine;
#ifdef BREAK_QUEUED
  d_step { assert(cnt[o] > 0); cnt[o]--; mine = (cnt[o] == 0) };
  if :: mine -> queued[o] = 1 :: else fi;
#else
  d_step {
    assert(cnt[o] > 0); cnt[o]--;
    mine = (cnt[o] == 0 && !queued[o]);
    if :: mine -> queued[o] = 1 :: else fi
  }
#endif
  if
  :: mine && single -> mine = 0; queued[o] = 0; free_object(o)
  :: mine && !single -> d_step { listed[o]++; mine = 0; assert(listed[o] == 1) }
  :: else
  fi
}

inline drop_x() {
  if
  :: st[X] == LOCAL -> d_step { assert(owner[X] == t && cnt[X] > 0); cnt[X]-- };
     if :: cnt[X] == 0 -> free_object(X) :: else fi
  :: else -> TOUCH(X); drop_shared(X)
  fi
}

inline drop(o) {
  if
  :: o == X -> drop_x()
  :: o == Y && st[Y] == LOCAL ->
     d_step { assert(owner[Y] == t && cnt[Y] > 0); cnt[Y]-- };
     if
     :: cnt[Y] == 0 ->
        child = F; F = NONE; free_object(Y);
        if :: child != NONE -> drop_x() :: else fi;
        child = NONE
     :: else
     fi
  :: o == Y && st[Y] != LOCAL -> TOUCH(Y); drop_shared(Y)
  :: else
  fi
}

/* --- publication: the object, and what it refers to; weak edges with it (R5) */
inline publish(o) {
  if
  :: st[o] == LOCAL ->
     assert(owner[o] == t);
#ifdef WITH_POLL
     if
     :: o == Y ->
        d_step { st[Y] = SHARED; owner[Y] = 0 };
#ifdef BREAK_POLL
        safe[t] = 1;
#else
        safe[t] = 2;
#endif
        atomic { !stop -> safe[t] = 0 };
        d_step { if :: F == X && st[X] == LOCAL -> st[X] = SHARED; owner[X] = 0 :: else fi }
     :: else -> d_step { st[o] = SHARED; owner[o] = 0 }
     fi
#else
     d_step {
       st[o] = SHARED; owner[o] = 0;
       if :: o == Y && F == X && st[X] == LOCAL -> st[X] = SHARED; owner[X] = 0 :: else fi
     }
#endif
  :: else
  fi
}

/* What a register holds of an object that was found in a slot. */
inline acquire(i, o) {
  TOUCH(o);
  if
  :: st[o] == LOCAL || single -> d_step { cnt[o]++; reg[i] = COUNTED(o) }
  :: else -> reg[i] = DEFERRED(o)
  fi
}

inline begin() { atomic { !stop -> safe[t] = 0 } }
#define LOST(o) (st[o] == SHARED && cnt[o] == 0 && !queued[o] && !IN_REGISTERS(o))
#define END d_step { assert(!LOST(X) && !LOST(Y)); o = 0; old = 0; w = 0; fact = 0; child = 0; safe[t] = 1 }

inline store_global(value) {
  publish(value);
  TOUCH(value);
  cnt[value]++;
  atomic { old = G; G = value };
  drop(old);
}

proctype Mutator(byte t; byte registers) {
  byte i, o, old, w, child;
  bit fact;
  do
  :: atomic {
       !stop -> safe[t] = 0;
       if :: i = 2 * t :: registers > 1 -> i = 2 * t + 1 fi;
       w = reg[i]
     };
     if
     /* an empty register: make an object, or read a slot */
     :: w == 0 && st[X] == UNBORN && W == NONE ->
#ifdef BREAK_BORN
        d_step { if :: st[X] == UNBORN -> st[X] = SHARED; cnt[X] = 0; reg[i] = DEFERRED(X) :: else fi };
#else
        d_step { if :: st[X] == UNBORN -> st[X] = LOCAL; owner[X] = t; cnt[X] = 1; reg[i] = COUNTED(X) :: else fi };
#endif
        END
#ifdef WITH_Y
     :: w == 0 && st[Y] == UNBORN ->
        d_step { if :: st[Y] == UNBORN -> st[Y] = LOCAL; owner[Y] = t; cnt[Y] = 1; reg[i] = COUNTED(Y); F = NONE :: else fi };
        END
     :: w == 0 && (OBJECT(reg[2 * t]) == Y || OBJECT(reg[2 * t + 1]) == Y) ->
        TOUCH(Y);
        o = F;
        if :: o != NONE -> acquire(i, o) :: else fi;
        END
#endif
     :: w == 0 && G != NONE ->
        o = G;
        if :: o != NONE -> acquire(i, o) :: else fi;
        END
     :: w == 0 && G != NONE ->                              /* list.pop: the slot's count moves to the register */
        atomic { o = G; G = NONE };
        if :: o != NONE -> reg[i] = COUNTED(o) :: else fi;
        END
#ifdef WITH_WEAK
     :: w == 0 && W != NONE ->
        o = W;
        if :: o != NONE -> acquire(i, o) :: else fi;
        END
     :: OBJECT(w) == X && W == NONE && st[X] == SHARED ->
        W = X;
        END
#endif
#ifdef WITH_CONFINED
     /* The slot is thread 0's; the other thread stops it, publishes what it finds, and takes that (R4). */
     :: t == 0 && OBJECT(w) == X && confined == NONE ->
        cnt[X]++; confined = X;
        END
     :: t == 0 && w == 0 && confined != NONE ->
        o = confined; acquire(i, o);
        END
     :: t == 0 && confined != NONE ->
        o = confined; confined = NONE; drop(o);
        END
     :: t == 1 && w == 0 && confined != NONE ->
#ifdef BREAK_CONFINED
        o = confined;
        if :: o != NONE -> acquire(i, o) :: else fi;
#else
        safe[1] = 1;
        atomic { !stop -> stop = 1; safe[1] = 0 };
        safe[0] == 1;
        d_step {
          o = confined;
          if :: o != NONE && st[o] == LOCAL -> st[o] = SHARED; owner[o] = 0 :: else fi;
          if :: o != NONE -> reg[i] = DEFERRED(o) :: else fi;
          stop = 0
        };
#endif
        END
#endif
#ifdef WITH_POLL
     /* Thread 1 looks into the frame of thread 0, which is stopped, and publishes what it takes. */
     :: t == 1 && w == 0 ->
        safe[1] = 1;
        atomic { !stop -> stop = 1; safe[1] = 0 };
        if
        :: safe[0] == 1 ->
           d_step {
             o = OBJECT(reg[0]);
             if :: o != NONE && st[o] == LOCAL -> st[o] = SHARED; owner[o] = 0 :: else fi;
             if :: o == Y && F == X && st[X] == LOCAL -> st[X] = SHARED; owner[X] = 0 :: else fi;
             if :: o != NONE -> reg[i] = DEFERRED(o) :: else fi;
             stop = 0
           }
        :: safe[0] == 2 -> stop = 0
        fi;
        END
#endif
#ifdef WITH_TABLE
     :: w == 0 && entry[current] != NONE ->                 /* a look-up that stops for others half-way (__eq__) */
        d_step { o = current; body_held[t] = current + 1 };
        safe[t] = 1;
        begin();
        d_step {
          assert(retired[o] != 2);
          old = entry[o]; body_held[t] = 0
        };
        o = old; old = NONE;
        if :: o != NONE -> acquire(i, o) :: else fi;
        END
     :: OBJECT(w) == X && entry[current] == NONE && t == 0 ->
        publish(X);
        cnt[X]++; entry[current] = X;
        END
     :: t == 0 && entry[current] != NONE ->
        atomic { old = entry[current]; entry[current] = NONE };
        drop(old);
        END
     :: t == 0 && current == 0 && retired[0] == 0 ->        /* the body is replaced; the old one keeps its stale entry */
        d_step { entry[1] = entry[0]; current = 1; retired[0] = 1 };
        END
#endif
     /* a register that holds something */
     :: w != 0 ->                                           /* drop it */
        reg[i] = 0;
#ifdef BREAK_TAG
        if :: st[OBJECT(w)] == LOCAL -> drop(OBJECT(w)) :: else fi;
#else
        if :: !IS_DEFERRED(w) -> drop(OBJECT(w)) :: else fi;
#endif
        END
     :: w != 0 ->
        store_global(OBJECT(w));
        END
     :: w != 0 && !IS_DEFERRED(w) && cnt[OBJECT(w)] == 1 && finalising[t] == NONE ->
        /* reuse in place: only what is LOCAL (R3) */
#ifndef BREAK_IN_PLACE
        if
        :: st[OBJECT(w)] == LOCAL ->
#else
        if
        :: true ->
#endif
           assert(OBJECT(reg[2 * (1 - t)]) != OBJECT(w) && OBJECT(reg[2 * (1 - t) + 1]) != OBJECT(w))
        :: else
        fi;
        END
#ifdef WITH_Y
     :: OBJECT(w) == Y && (OBJECT(reg[2 * t]) == X || OBJECT(reg[2 * t + 1]) == X) ->
        TOUCH(Y);
#ifdef WITH_CALLOUT
        /* Whether Y is LOCAL is found out, then Python code runs, which may store Y away (R2). */
        fact = (st[Y] == LOCAL);
        if :: store_global(Y) :: true fi;
        safe[t] = 1;
        begin();
#ifndef BREAK_STALE
        fact = (st[Y] == LOCAL);
#endif
#else
        fact = (st[Y] == LOCAL);
#endif
        if :: !fact -> publish(X) :: else fi;
        TOUCH(X);
        cnt[X]++;
        atomic { old = F; F = X };
        drop(old);
        END
     :: OBJECT(w) == Y && F != NONE ->
        TOUCH(Y);
        atomic { old = F; F = NONE };
        drop(old);
        END
#endif
     :: G != NONE ->
        atomic { old = G; G = NONE };
        drop(old);
        END
#ifdef WITH_FINALISER
     :: t == 0 && w == 0 && to_finalise[X] ->               /* a finaliser begins: `self` is in a register */
        d_step { to_finalise[X] = 0; finalised[X] = 1; finalising[0] = X; cnt[X]++; reg[i] = DEFERRED(X) };
        END
     :: t == 0 && finalising[0] != NONE ->
#ifdef BREAK_FINALISER
        /* It may have given `self` to another thread, that has only a deferred word. */
        atomic { cnt[X]--; finalising[0] = NONE; fact = (cnt[X] == 0) };
        if
        :: fact && OBJECT(reg[0]) != X && OBJECT(reg[1]) != X -> free_object(X)
        :: else -> d_step { listed[X]++; assert(listed[X] == 1) }
        fi;
#else
        d_step { cnt[X]--; finalising[0] = NONE };
        d_step { listed[X]++; assert(listed[X] == 1) };     /* the next scan decides (R6) */
#endif
        END
#endif
#ifdef BREAK_RETURN
     /* The other thread has ended; the program has one thread again, and frees at zero. */
     :: t == 1 && reg[2] == 0 && reg[3] == 0 && listed[X] == 0 && listed[Y] == 0 -> single = 1; safe[1] = 1; break
#endif
     :: else -> END
     fi
  od
}

/* --- the reclaiming process */
inline condemn(o) {
#ifdef WITH_FINALISER
  if
  :: o == X && !finalised[X] -> W = NONE; to_finalise[X] = 1
  :: else ->
#else
  if
  :: true ->
#endif
     st[o] = CONDEMNED;
#ifndef BREAK_WEAK
     if :: o == X -> W = NONE :: else fi
#endif
  fi
}

inline drop_edge_of_y() {
  if
  :: st[Y] == CONDEMNED && F == X ->
     F = NONE;
     assert(st[X] == SHARED && cnt[X] > 0);
     cnt[X]--;
     if
     :: cnt[X] == 0 && !queued[X] ->
        queued[X] = 1;
        if :: found[X] -> listed[X] = 1 :: else -> condemn(X) fi
     :: else
     fi
  :: else
  fi
}

#define COUNTED_IN(i, o) (reg[i] == COUNTED(o))
#define REFERENCES(o) ((G == o) + (F == o && !GONE(Y)) + (confined == o) + (entry[current] == o) + COUNTED_IN(0, o) + \
                       COUNTED_IN(1, o) + COUNTED_IN(2, o) + COUNTED_IN(3, o) + (finalising[0] == o))
#define CHECK_OBJECT(o) \
  assert(GONE(o) || cnt[o] == REFERENCES(o)); \
  assert(st[o] != SHARED || cnt[o] != 0 || queued[o])

inline check_invariants() {
  CHECK_OBJECT(X);
  CHECK_OBJECT(Y);
  assert(G == NONE || st[G] == SHARED);
  assert(entry[current] == NONE || st[entry[current]] == SHARED);
#ifndef WITH_POLL
  assert(st[Y] != SHARED || F == NONE || st[F] == SHARED);
#endif
}

#define SCAN(o) \
  found[o] = IN_REGISTERS(o)

inline scan_bodies() {
  /* A retired body that a thread still reads is scanned like a stack (R1). */
  if
  :: retired[0] == 1 && body_held[0] != 1 && body_held[1] != 1 -> retired[0] = 2; entry[0] = NONE
#ifdef BREAK_TABLE
  :: false ->
#else
  :: retired[0] == 1 && (body_held[0] == 1 || body_held[1] == 1) ->
#endif
     if :: entry[0] != NONE -> found[entry[0]] = 1 :: else fi
  :: else
  fi;
#ifdef BREAK_RETIRE
  if :: retired[0] == 1 -> retired[0] = 2; entry[0] = NONE :: else fi
#endif
}

inline decide(o) {
  if
  :: listed[o] == 0
  :: listed[o] != 0 && cnt[o] > 0 -> listed[o] = 0; queued[o] = 0
  :: listed[o] != 0 && cnt[o] == 0 && found[o]
  :: listed[o] != 0 && cnt[o] == 0 && !found[o] -> listed[o] = 0; condemn(o)
  fi
}

proctype Reclaimer() {
  byte t = 3;
  byte child;
  do
  :: atomic { (listed[X] != 0 || listed[Y] != 0 || retired[0] == 1) && !stop && !single -> stop = 1 };
     safe[0] != 0 && safe[1] != 0;
     d_step {
       check_invariants();
       SCAN(X); SCAN(Y);
       scan_bodies();
       decide(X); decide(Y);
#ifndef BREAK_CHILDREN
       drop_edge_of_y();
#endif
       found[X] = 0; found[Y] = 0;
       stop = 0
     };
     /* The others run again. */
#ifdef BREAK_CHILDREN
     if
     :: st[Y] == CONDEMNED && F == X ->
        F = NONE;
        d_step { assert(cnt[X] > 0); cnt[X]--; child = (cnt[X] == 0 && !queued[X]) };
        if :: child -> W = NONE; free_object(X) :: else fi;
        child = 0
     :: else
     fi;
#endif
#ifdef BREAK_WEAK
     if :: st[X] == CONDEMNED -> W = NONE :: else fi;
#endif
     if :: st[X] == CONDEMNED -> free_object(X) :: else fi;
     if :: st[Y] == CONDEMNED -> free_object(Y) :: else fi
  od
}

init {
  atomic {
    run Mutator(0, REGS0);
    run Mutator(1, REGS1);
    run Reclaimer()
  }
}
