package io.llm2clip.kernels.gpu.emulator;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The work-items of one group, taking turns: a single one runs at any time and decides who runs next when it reaches a barrier, ends,
 * or, under a shuffled schedule, at some of its memory accesses. So the interleaving depends on the seed alone.
 */
final class WorkGroup {
    /** One in so many accesses to local memory switches to another work-item under a shuffled schedule. */
    private static final int SWITCH = 16;

    /** Unwinds a work-item after another one failed. */
    private static final class Cancelled extends RuntimeException {
        private static final long serialVersionUID = 1;

        Cancelled() {
            super("Another work-item failed.", null, false, false);
        }
    }

    private static final class Turn {
        final WorkItem item;

        @Nullable
        Thread thread;

        boolean ended;
        /** Source line of the barrier at which it waits; 0 for none. */
        int line;

        Turn(WorkItem item) {
            this.item = item;
        }
    }

    private final Consumer<WorkItem> body;
    private final @Nullable Random random;
    private final List<Turn> turns = new ArrayList<>();
    private final List<Turn> ready = new ArrayList<>();
    private final List<LocalArray> localArrays = new ArrayList<>();
    private final Thread caller = Thread.currentThread();
    private volatile @Nullable Turn running;
    private volatile boolean done;
    private volatile @Nullable Throwable failure;

    WorkGroup(Consumer<WorkItem> body, @Nullable Random random) {
        this.body = body;
        this.random = random;
    }

    void add(WorkItem item) {
        turns.add(new Turn(item));
    }

    /** Runs all work-items to their end. */
    void run() {
        if (turns.size() == 1) {
            execute(turns.getFirst());
        } else {
            makeReady();
            passOn();
            while (!done) {
                LockSupport.park(this);
            }
        }
        Throwable thrown = failure;
        if (thrown instanceof KernelFault fault) {
            throw fault;
        }
        if (thrown != null) {
            throw new IllegalStateException("A work-item failed.", thrown);
        }
    }

    /** The {@code order}-th local array of the group. */
    Object localArray(WorkItem item, int order, Class<?> type, int size) {
        if (item.freeGroups()) {
            throw item.fault(
                    "allocates local memory, but its grid leaves work-groups to the device; give the grid a group size");
        }
        if (order == localArrays.size()) {
            localArrays.add(new LocalArray(order, type, size));
        }
        LocalArray array = localArrays.get(order);
        if (!array.is(type, size)) {
            throw item.fault("allocates local array " + order + " as " + type + "[" + size
                    + "], unlike another work-item; allocate in the same order everywhere");
        }
        return array.array();
    }

    /** The local array with this storage, if it is one. */
    @Nullable
    LocalArray find(Object storage) {
        for (LocalArray array : localArrays) {
            if (array.array() == storage) {
                return array;
            }
        }
        return null;
    }

    void await(WorkItem item, int line) {
        Turn turn = turns.get(item.localNumber());
        if (turns.size() == 1) {
            releaseBarrier();
            return;
        }
        turn.line = line;
        passOn();
        awaitTurn(turn);
    }

    /** Under a shuffled schedule, sometimes lets another work-item run first. */
    void mayYield(WorkItem item) {
        if (random != null && !ready.isEmpty() && random.nextInt(SWITCH) == 0) {
            Turn turn = turns.get(item.localNumber());
            ready.add(turn);
            passOn();
            awaitTurn(turn);
        }
    }

    private void execute(Turn turn) {
        turn.item.enter();
        try {
            body.accept(turn.item);
        } catch (Cancelled _) {
            return;
        } catch (KernelFault fault) {
            failure = fault;
        } catch (ArithmeticException | NegativeArraySizeException exception) {
            failure = turn.item.fault(
                    "throws " + exception + "; devices have no exceptions, so guard the operation", exception);
        } catch (Throwable thrown) {
            failure = thrown;
        } finally {
            WorkItem.leave();
        }
    }

    private void runThread(Turn turn) {
        execute(turn);
        turn.ended = true;
        passOn();
    }

    /** Chooses who runs next; the caller must then wait for its turn or end. */
    private void passOn() {
        if (failure == null && ready.isEmpty()) {
            meetBarrier();
        }
        if (failure != null) {
            cancel();
            return;
        }
        if (ready.isEmpty()) {
            finish();
            return;
        }
        Turn next = random == null ? ready.removeLast() : takeRandom(random);
        running = next;
        if (next.thread == null) {
            next.thread = Thread.ofVirtual().unstarted(() -> runThread(next));
            next.thread.start();
        } else {
            LockSupport.unpark(next.thread);
        }
    }

    private Turn takeRandom(Random source) {
        int chosen = source.nextInt(ready.size());
        Turn last = ready.removeLast();
        return chosen == ready.size() ? last : ready.set(chosen, last);
    }

    private void awaitTurn(Turn turn) {
        while (running != turn) {
            if (failure != null) {
                throw new Cancelled();
            }
            LockSupport.park(this);
        }
        if (failure != null) {
            throw new Cancelled();
        }
    }

    /** All that have not ended wait at a barrier: lets them pass if it is one barrier and all are there. */
    private void meetBarrier() {
        Turn first = turns.getFirst();
        for (Turn turn : turns) {
            if (turn.ended != first.ended || turn.line != first.line) {
                failure = first.item.fault(state(first) + " while " + turn.item.describe(turn.item.number()) + " "
                        + state(turn) + ": divergent barrier; let all work-items of a group reach the same barriers");
                return;
            }
        }
        if (!first.ended) {
            releaseBarrier();
            makeReady();
        }
    }

    private static String state(Turn turn) {
        return turn.ended ? "has ended" : "waits at the barrier in line " + turn.line;
    }

    private void releaseBarrier() {
        localArrays.forEach(LocalArray::passBarrier);
        turns.forEach(turn -> turn.line = 0);
    }

    private void makeReady() {
        ready.addAll(turns.reversed());
    }

    private void cancel() {
        for (Turn turn : turns) {
            if (turn.thread != null) {
                LockSupport.unpark(turn.thread);
            }
        }
        finish();
    }

    private void finish() {
        done = true;
        LockSupport.unpark(caller);
    }
}
