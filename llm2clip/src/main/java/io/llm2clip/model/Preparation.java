package io.llm2clip.model;

import io.llm2clip.tensor.machine.Processor;
import io.llm2clip.text.Tokenizer;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the first model of a process would wait for, a quarter of a second, done in the background instead: the native tokenizer library is
 * unpacked, units for matrices are tested, and what reads JSON is set up. Whatever fails, whoever needs it hears of it then.
 */
public final class Preparation implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(Preparation.class.getName());

    private static @Nullable Preparation begun;

    private final List<Thread> threads = List.of(
            inBackground("tokenizers", Tokenizer::prepare),
            inBackground("configurations", ConfigFile::prepare),
            inBackground("matrix-units", Processor::prepare));

    private Preparation() {}

    /** Begins it, once in a process. */
    public static synchronized Preparation begin() {
        if (begun == null) {
            begun = new Preparation();
        }
        return begun;
    }

    private static Thread inBackground(String name, Runnable work) {
        return Thread.ofPlatform().daemon().name("prepare-" + name).start(() -> {
            try {
                work.run();
            } catch (RuntimeException | Error e) {
                LOG.log(System.Logger.Level.DEBUG, name + " were not prepared", e);
            }
        });
    }

    /** Waits for its end: a process that ended before would leave an unpacked library behind. */
    @Override
    public void close() {
        try {
            for (Thread thread : threads) {
                thread.join();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
