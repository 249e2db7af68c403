package io.llm2clip.model;

import io.llm2clip.tensor.machine.Processor;
import io.llm2clip.text.Tokenizer;

/**
 * What the first model of a process would wait for, a quarter of a second, done in the background instead: the native tokenizer library is
 * unpacked, units for matrices are tested, and what reads JSON is set up. Whatever fails, whoever needs it hears of it then.
 */
final class Preparation {
    private static final System.Logger LOG = System.getLogger(Preparation.class.getName());

    private static boolean begun;

    private Preparation() {}

    /** Begins it, once in a process; nobody has to wait for its end. */
    static synchronized void begin() {
        if (!begun) {
            begun = true;
            inBackground("tokenizers", Tokenizer::prepare);
            inBackground("configurations", ConfigFile::prepare);
            inBackground("matrix-units", Processor::prepare);
        }
    }

    private static void inBackground(String name, Runnable work) {
        Thread.ofPlatform().daemon().name("prepare-" + name).start(() -> {
            try {
                work.run();
            } catch (RuntimeException | Error e) {
                LOG.log(System.Logger.Level.DEBUG, name + " were not prepared", e);
            }
        });
    }
}
