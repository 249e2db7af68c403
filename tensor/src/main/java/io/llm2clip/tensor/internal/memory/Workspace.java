package io.llm2clip.tensor.internal.memory;

import io.llm2clip.kernels.DType;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Memory of a device for what lives during one run only. All programs of the device share it, so they take turns, whatever threads run
 * them. It is as large as the largest open program needs it: it moves when a larger one is opened, and is given back when that one is
 * closed, all of it with the last one.
 *
 * @param <M> what holds the memory; equal if it lies in the same place
 */
public final class Workspace<M> {

    /** Where the memory comes from. */
    public interface Source<M> {
        /** @param bytes by element type as stored */
        M allocate(Map<DType, Long> bytes);

        void free(M memory);
    }

    private final Source<M> source;
    private final ReentrantLock turn;
    private final List<Share> open = new ArrayList<>();
    private Map<DType, Long> size = Map.of();
    // Null until somebody needs it: after it was given back, or could not be allocated.
    private @Nullable M memory;
    private boolean running;

    public Workspace(Source<M> source) {
        this(source, new ReentrantLock());
    }

    /** @param turn is held by whoever works with the memory, or with what else of the device cannot be used by two threads at a time */
    public Workspace(Source<M> source, ReentrantLock turn) {
        this.source = source;
        this.turn = turn;
    }

    /**
     * Makes the workspace at least so large, until the share is closed. If there is no such memory, it is as if nobody had asked: the
     * other programs get what they need at their next runs.
     *
     * @param bytes by element type as stored
     */
    public Share open(Map<DType, Long> bytes) {
        Share share = new Share(Map.copyOf(bytes));
        inTurn(() -> {
            open.add(share);
            resize();
            try {
                allocated();
            } catch (RuntimeException | Error e) {
                open.remove(share);
                resize();
                throw e;
            }
        });
        return share;
    }

    /** What one program has of the workspace. */
    public final class Share {
        private final Map<DType, Long> bytes;
        private boolean closed;

        private Share(Map<DType, Long> bytes) {
            this.bytes = bytes;
        }

        /**
         * Waits until no other program runs, and works with the memory.
         *
         * @param work is given memory that may lie elsewhere than at the last call, and has anything in it
         * @throws IllegalStateException if closed, or called from within another program's run
         */
        public void run(Consumer<M> work) {
            inTurn(() -> {
                if (closed) {
                    throw new IllegalStateException(
                            "A program was closed while a run of it waited for its turn; close it after its last run.");
                }
                running = true;
                try {
                    work.accept(allocated());
                } finally {
                    running = false;
                }
            });
        }

        /**
         * Ends the share; a second call does nothing.
         *
         * @param last frees what the program has besides, while nothing runs
         */
        public void close(Runnable last) {
            inTurn(() -> {
                if (closed) {
                    return;
                }
                try {
                    last.run();
                } finally {
                    closed = true;
                    open.remove(this);
                    resize();
                }
            });
        }
    }

    /** Waits for the turn. Somebody who has it and asks again would find the memory in use. */
    private void inTurn(Runnable work) {
        if (running && turn.isHeldByCurrentThread()) {
            throw new IllegalStateException("A program was compiled, run or closed from within the run of another one,"
                    + " whose values lie in the same memory; do so after that run.");
        }
        turn.lock();
        try {
            work.run();
        } finally {
            turn.unlock();
        }
    }

    private M allocated() {
        if (memory == null) {
            memory = source.allocate(size);
        }
        return memory;
    }

    /** Gives the memory back unless it has the size that is needed; what is needed next is allocated when it is needed. */
    private void resize() {
        Map<DType, Long> needed = new EnumMap<>(DType.class);
        open.forEach(share -> share.bytes.forEach((dtype, bytes) -> needed.merge(dtype, bytes, Math::max)));
        if (!needed.equals(size) || open.isEmpty()) {
            size = needed;
            if (memory != null) {
                M old = memory;
                memory = null;
                source.free(old);
            }
        }
    }
}
