package io.llm2clip.kernels;

import java.util.ArrayDeque;
import java.util.Deque;

/**
 * What an object holds beyond the heap, freed in the reverse order of acquisition, each once, and each even if freeing another one
 * fails.
 *
 * <p>Constructors that acquire more than one thing add each here as soon as they have it, and end with
 * {@code catch (RuntimeException | Error e) { resources.closeAfter(e); throw e; }}, as nobody else can free what they leave. Not for
 * several threads at a time.
 */
public final class Resources implements AutoCloseable {
    private final Deque<Runnable> frees = new ArrayDeque<>();

    /** Something to be freed by {@link #close}, before everything added so far. */
    public void add(Runnable free) {
        frees.push(free);
    }

    /**
     * Frees everything; a second call finds nothing to do.
     *
     * @throws RuntimeException the first failure, the others suppressed in it
     */
    @Override
    public void close() {
        Throwable failure = null;
        while (!frees.isEmpty()) {
            try {
                frees.pop().run();
            } catch (RuntimeException | Error e) {
                if (failure == null) {
                    failure = e;
                } else {
                    failure.addSuppressed(e);
                }
            }
        }
        if (failure instanceof RuntimeException e) {
            throw e;
        } else if (failure instanceof Error e) {
            throw e;
        }
    }

    /** Frees everything because of a failure, which is to be thrown on; whatever fails here is suppressed in it. */
    public void closeAfter(Throwable failure) {
        try {
            close();
        } catch (RuntimeException | Error e) {
            failure.addSuppressed(e);
        }
    }

    /** Closes several, each even if another one fails; as {@link #close}. */
    public static void closeAll(Iterable<? extends Runnable> closings) {
        Resources all = new Resources();
        closings.forEach(all.frees::addLast);
        all.close();
    }
}
