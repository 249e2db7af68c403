package io.llm2clip.tensor;

import io.llm2clip.kernels.Resources;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.function.ToLongFunction;

/**
 * Compiled programs, each for shapes of its own. A program holds its inputs and outputs off the heap and its kernels on it for as long
 * as it lives, so programs for many shapes are not all kept: when there are too many, or they hold too much, those that were used
 * longest ago are closed. What programs compute in between is not theirs and does not count.
 *
 * @param <K> what a program is compiled for
 * @param <P> a program, or what holds one
 */
public final class ProgramCache<K, P> implements AutoCloseable {
    /** Programs below this are cheaper to keep than to compile again. */
    private static final long KEPT_BYTES = 1L << 30;
    /** Of a deep model each takes some hundred kilobytes of heap. */
    private static final int MAX_PROGRAMS = 256;

    private final ToLongFunction<P> bytes;
    private final Consumer<P> closer;
    private final long kept;
    private final int maxPrograms;
    // In the order of last use.
    private final Map<K, P> programs = new LinkedHashMap<>(16, 0.75f, true);

    /**
     * An empty cache.
     *
     * @param bytes memory that a program holds until it is closed
     * @param closer frees a program
     */
    public ProgramCache(ToLongFunction<P> bytes, Consumer<P> closer) {
        this(bytes, closer, KEPT_BYTES, MAX_PROGRAMS);
    }

    ProgramCache(ToLongFunction<P> bytes, Consumer<P> closer, long kept, int maxPrograms) {
        this.bytes = bytes;
        this.closer = closer;
        this.kept = kept;
        this.maxPrograms = maxPrograms;
    }

    /** The program for a key, compiled now if there is none; programs of other keys may be closed by this. */
    public P get(K key, Supplier<P> compile) {
        P program = programs.get(key);
        if (program == null) {
            program = compile.get();
            programs.put(key, program);
            evict(program);
        }
        return program;
    }

    /** Whether there is a program for a key. */
    public boolean has(K key) {
        return programs.containsKey(key);
    }

    /** All programs that are open. */
    public List<P> all() {
        return List.copyOf(programs.values());
    }

    /** Programs that are open. */
    int size() {
        return programs.size();
    }

    private void evict(P newest) {
        long total = 0;
        long largest = 0;
        for (P program : programs.values()) {
            total += bytes.applyAsLong(program);
            largest = Math.max(largest, bytes.applyAsLong(program));
        }
        // Half of the largest besides it, so that shapes of about one size do not drive each other out in turn.
        long bound = Math.max(kept, largest + largest / 2);
        for (Iterator<P> oldest = programs.values().iterator(); total > bound || programs.size() > maxPrograms; ) {
            P program = oldest.next();
            if (program != newest) {
                total -= bytes.applyAsLong(program);
                oldest.remove();
                closer.accept(program);
            }
        }
    }

    @Override
    public void close() {
        List<Runnable> closings = programs.values().stream()
                .map(program -> (Runnable) () -> closer.accept(program))
                .toList();
        programs.clear();
        Resources.closeAll(closings);
    }
}
