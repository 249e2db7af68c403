package io.llm2clip.kernels.cpu.runtime;

import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * The time in which the innermost kernels are not compiled yet. Vectors in such code are objects and take a hundred times as long as
 * numbers do, so loops of numbers stand in for these kernels: in a process that has only little to compute, or while somebody has the
 * kernels compiled. They give the same bits. Nothing is cold before somebody says so.
 */
public final class ColdStart {
    private static final AtomicLong LEFT = new AtomicLong();

    private static volatile boolean cold;
    /** Who compiles the kernels, by running them; null if nobody does. */
    private static volatile @Nullable Thread compiling;

    private ColdStart() {}

    /**
     * Whether the calling thread should compute without vectors.
     *
     * @param products how many it is about to compute
     */
    public static boolean isCold(long products) {
        return cold && standsIn(products);
    }

    private static boolean standsIn(long products) {
        if (compiling != null) {
            return compiling != Thread.currentThread();
        }
        if (LEFT.addAndGet(-products) < 0) {
            cold = false;
            return false;
        }
        return true;
    }

    /** For so many products, after which it pays to have vectors compiled as they are used. */
    public static void begin(long products) {
        LEFT.set(products);
        cold = true;
    }

    /** For all threads but this one, which has the kernels compiled until it calls {@link #end}. */
    public static void beginCompiling() {
        compiling = Thread.currentThread();
        cold = true;
    }

    /** Nothing is cold any more. */
    public static void end() {
        cold = false;
        compiling = null;
    }
}
