package io.llm2clip.bench.gpu;

import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * A piece of the kit's work: a process under a time limit of its own.
 *
 * @param name of its result's file
 * @param title what it does, for people
 * @param seconds its time limit
 * @param obstacle why it cannot run where the context says; empty if it can
 * @param command of the process; it appends its rows to {@link Context#rows}
 */
record Part(
        String name,
        String title,
        int seconds,
        Function<Context, Optional<String>> obstacle,
        Function<Context, List<String>> command) {

    /** A part that runs anywhere. */
    Part(String name, String title, int seconds, Function<Context, List<String>> command) {
        this(name, title, seconds, _ -> Optional.empty(), command);
    }
}
