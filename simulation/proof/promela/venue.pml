/* The separation protocol a second time, written from design.md section 3 and not from the code: what the code and this model both get
   wrong must have been wrong in the rules.  Rule numbers are those of "Separation by CLEAR-first policies".

   One room with two doors to the hall, each on a board of its own.  Three people, one of each group: a bidder and an expert, who must
   never meet, and an agent, who may meet both and may therefore stay while the others change.

   The network owes nothing.  Every policy that was ever signed may arrive at either board at any time, in any order, again and again, or
   never; a report waits until it is read, is read twice, or is lost.  A partition is a time in which nothing happens to arrive and the
   leases run out: partitions of every length are among the runs.

   Left out: rooms next door (A8 of docs/proofs.md), tailgating (A1), clocks (A4).  Each `#ifdef` leaves one rule out. */

#ifndef EPOCHS
#define EPOCHS 3                     /* policies in one term, beside the first */
#endif
#ifndef RESTORES
#define RESTORES 1                   /* each begins one more term */
#endif
#ifndef FULL
#define FULL 1                       /* people who walk in circles would count for ever: no door grants at this count */
#endif
#ifndef SEALS
#define SEALS true                   /* false: a smaller search for what has nothing to do with seals */
#endif
#define ORDERS ((RESTORES + 1) * (EPOCHS + 1))
#define NEVER  255

/* sets of groups */
#define NOBODY 0
#define BIDDER 1
#define EXPERT 2
#define AGENT  4
#define SEPARATED(set) (((set) & (BIDDER | EXPERT)) == (BIDDER | EXPERT))

/* all that was ever signed, by order; an order is a term and an epoch */
bool is_signed[ORDERS];
byte signed_groups[ORDERS];
bool signed_seal[ORDERS];
byte released[ORDERS];               /* people who approved to lift the seal of this order: the exact command that they signed */

/* the gateway */
byte term, epoch;
byte groups, last, residual;         /* admitted now, admitted last, may still be inside */
bool seal;
byte sealed_by;                      /* the last sealed order */
byte opened;                         /* people who approved to open after the present CLEAR */
bool heard[2];
short heard_net[2];

/* the boards; all but the lease is on disk */
bool holds[2];
byte held[2];
byte admits[2];
bool sealed[2];
bool lease[2];
byte granted[2];                     /* let in, and not gone through yet */
short net[2];
bool told[2];                        /* a report of the present order waits */
short told_net[2];

/* the truth */
byte inside;
bool fire;

#define NOW        (term * (EPOCHS + 1) + epoch)
#define OUTSIDE(p) (!(inside & (p)) && granted[0] != (p) && granted[1] != (p))
#define TRULY_SEALED(d) (holds[d] && signed_seal[held[d]])
#define LAW_APART  assert(fire || !SEPARATED(inside))

#ifdef NO_CLEAR                      /* rule 1 */
#define CLOSED true
#else
#define CLOSED (groups == NOBODY)
#endif
#ifdef NO_REPORTS                    /* rule 2: a silent board keeps the room CLEAR */
#define ALL_HEARD true
#else
#define ALL_HEARD (heard[0] && heard[1])
#endif
#ifdef OLD_REPORT                    /* rule 2: reports of other epochs are ignored */
#define CURRENT(o) true
#else
#define CURRENT(o) (o == NOW)
#endif
#ifdef UNSETTLED                     /* rule 2: after it is CLEAR, with nobody on the way through */
#define SETTLED(d) true
#else
#define SETTLED(d) (granted[d] == NOBODY)
#endif
#ifdef NO_COUNT                      /* rule 3: the counts add up to zero, or nobody separated can be inside */
#define MAY_BE_INSIDE NOBODY
#else
#define MAY_BE_INSIDE ((heard_net[0] + heard_net[1] == 0) -> NOBODY : residual)
#endif
#ifdef FORGET_RESIDUAL               /* docs/decisions/0001: all who were admitted since the room was empty, not the last alone */
#define REMEMBERED NOBODY
#else
#define REMEMBERED MAY_BE_INSIDE
#endif
#ifdef ONE_APPROVER                  /* rule 3: two people */
#define ENOUGH 1
#else
#define ENOUGH 2
#endif
#ifdef BELIEVE                       /* rule 3: the edge verifies the signatures itself; without it a stolen gateway opens what is sealed */
#define STOLEN
#define BOARD_ASKS false
#else
#define BOARD_ASKS true
#endif
#ifdef STOLEN                        /* no rule left out: the gateway lifts seals on nobody's word, and the boards must not follow */
#define GATEWAY_ASKS false
#else
#define GATEWAY_ASKS true
#endif
#ifdef STALE                         /* rule 4: only greater */
#define TAKES(o, d) (!holds[d] || o != held[d])
#else
#define TAKES(o, d) (!holds[d] || o > held[d])
#endif
#ifdef CLEAR_UNSEALS                 /* rule 5: CLEAR keeps the seal */
#define KEPT_SEAL false
#else
#define KEPT_SEAL seal
#endif
#ifdef RESTORED_OPEN                 /* rule 6: after a restore the seals are assumed set */
#define SEAL_AFTER_RESTORE false
#else
#define SEAL_AFTER_RESTORE true
#endif
#ifdef SEAL_HOLDS                    /* rule 5 and law Out: nothing that software prevents */
#define OPENS(d) (!sealed[d] || fire)
#else
#define OPENS(d) true
#endif
#ifdef NO_BREACH                     /* rule 5: leaving without a release is a breach in the record */
#define BREACH(d) false
#else
#define BREACH(d) (sealed[d] && !fire)
#endif

/* The gateway signs.  Nothing is sent here: delivery is the network's affair. */
inline sign(who, with_seal) {
	assert(!seal || with_seal || released[sealed_by] == 2 || !GATEWAY_ASKS);
	epoch++;
	if :: with_seal -> sealed_by = NOW :: else -> skip fi;
	groups = who; seal = with_seal;
	record()
}

inline record() {
	is_signed[NOW] = true; signed_groups[NOW] = groups; signed_seal[NOW] = seal;
	opened = 0; heard[0] = false; heard[1] = false; heard_net[0] = 0; heard_net[1] = 0;
#if !defined(OLD_REPORT) && !defined(SAME_TERM)
	told[0] = false; told[1] = false; told_net[0] = 0; told_net[1] = 0   /* of an order that is past: never read again */
#endif
}

inline open_to(who) {
	assert(!SEPARATED(last | who) || opened == 2);
	residual = REMEMBERED; residual = residual | who;
	last = who;
	sign(who, false)
}

#define MAY_OPEN(who) (!fire && epoch < EPOCHS && CLOSED && !seal && groups != who && ALL_HEARD && \
                       !SEPARATED(MAY_BE_INSIDE | who) && (!SEPARATED(last | who) || opened >= ENOUGH))

/* A board is offered the policy `o`. */
inline take(d) {
	y = 0; approved = 0;
	do
	:: y < ORDERS ->
		if
		:: y >= held[d] && y <= o && released[y] > approved -> approved = released[y]
		:: else -> skip
		fi;
		y++
	:: else -> break
	od;
	if
	:: !sealed[d] || signed_seal[o] || approved >= ENOUGH || !BOARD_ASKS ->
		assert(!TRULY_SEALED(d) || signed_seal[o] || approved == 2);
		holds[d] = true; held[d] = o; admits[d] = signed_groups[o]; sealed[d] = signed_seal[o]; lease[d] = true
	:: else -> skip
	fi;
	y = 0; approved = 0
}

/* Power fails and comes back.  Whoever was granted may have gone through unseen, and is counted as inside either way. */
inline restart(d) {
	lease[d] = false;
	if
	:: granted[d] != NOBODY ->
		if :: inside = inside | granted[d]; LAW_APART :: skip fi;
		granted[d] = NOBODY;
#ifndef UNSEEN_FORGOTTEN
		net[d]++
#endif
	:: else -> skip
	fi;
#ifdef VOLATILE_COUNT                /* rule 4: on disk before a strike moves */
	net[d] = 0;
#endif
#ifdef VOLATILE_ORDER
	holds[d] = false; held[d] = 0; admits[d] = NOBODY; sealed[d] = false;
#endif
#ifdef VOLATILE_SEAL
	sealed[d] = false;
#endif
	skip
}

#define PERSON(d, p) \
	:: atomic { lease[d] && (admits[d] & p) && !sealed[d] && !fire && OUTSIDE(p) && granted[d] == NOBODY && net[d] < FULL -> \
		granted[d] = p } \
	:: atomic { (inside & p) -> \
		assert(OPENS(d)); assert(!TRULY_SEALED(d) || fire || BREACH(d)); \
		inside = inside & ~p; net[d]-- }

#define BOARD(d) \
	:: atomic { lease[d] -> lease[d] = false } \
	:: atomic { holds[d] && !lease[d] && !fire -> lease[d] = true } \
	:: atomic { !fire -> select(o : 0 .. ORDERS - 1); if :: is_signed[o] && TAKES(o, d) -> take(d) :: else -> skip fi; o = 0 } \
	PERSON(d, BIDDER) PERSON(d, EXPERT) PERSON(d, AGENT) \
	:: atomic { granted[d] != NOBODY -> granted[d] = NOBODY } \
	:: atomic { granted[d] != NOBODY && !fire -> \
		inside = inside | granted[d]; granted[d] = NOBODY; net[d]++; LAW_APART } \
	:: atomic { holds[d] && CURRENT(held[d]) && SETTLED(d) && !fire && !(told[d] && told_net[d] == net[d]) -> \
		told[d] = true; told_net[d] = net[d] } \
	:: atomic { told[d] && !fire && !(heard[d] && heard_net[d] == told_net[d]) -> \
		heard[d] = true; heard_net[d] = told_net[d] } \
	:: atomic { (lease[d] || granted[d] != NOBODY || sealed[d]) && !fire -> restart(d) }

active proctype venue() {
	byte o, y, approved;
	is_signed[0] = true;
	do
	/* what the day asks is anybody's choice, at any time */
	:: atomic { !fire && epoch < EPOCHS && (groups != NOBODY || KEPT_SEAL != seal) -> sign(NOBODY, KEPT_SEAL) }
	:: atomic { SEALS && !fire && epoch < EPOCHS && !seal -> sign(NOBODY, true) }
	:: atomic { !fire && epoch < EPOCHS && seal && groups == NOBODY && (released[sealed_by] >= ENOUGH || !GATEWAY_ASKS) -> sign(NOBODY, false) }
	:: atomic { MAY_OPEN(BIDDER) -> open_to(BIDDER) }
	:: atomic { MAY_OPEN(EXPERT) -> open_to(EXPERT) }
	:: atomic { MAY_OPEN(AGENT) -> open_to(AGENT) }
	:: atomic { !fire && seal && released[sealed_by] < 2 -> released[sealed_by]++ }
	:: atomic { !fire && groups == NOBODY && opened < 2 -> opened++ }
	/* rule 6: back from a backup of any age, in a term above all that the boards hold */
	:: atomic { !fire && term < RESTORES ->
#ifndef SAME_TERM
		term++;
#endif
		epoch = 0; groups = NOBODY; last = NOBODY; residual = BIDDER | EXPERT | AGENT;
		assert(!seal || SEAL_AFTER_RESTORE);
		seal = SEAL_AFTER_RESTORE; sealed_by = NOW;
		record() }
	:: atomic { !fire -> fire = true; lease[0] = false; lease[1] = false; granted[0] = NOBODY; granted[1] = NOBODY }
	BOARD(0)
	BOARD(1)
	od
}
