package io.llm2clip.nn.checkpoint;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;

/** What is undone when the program is interrupted (SIGINT, SIGTERM, SIGHUP), newest first. */
final class AtExit {
    private static final Deque<Runnable> UNDO = new ArrayDeque<>();

    static {
        Runtime.getRuntime().addShutdownHook(new Thread(AtExit::undoAll, "undo-unfinished"));
    }

    private AtExit() {}

    static void add(Runnable undo) {
        synchronized (UNDO) {
            UNDO.push(undo);
        }
    }

    static void remove(Runnable undo) {
        synchronized (UNDO) {
            UNDO.remove(undo);
        }
    }

    /** Runs a step that an interruption may come before or after, but not within. */
    static void uninterrupted(Step step) throws IOException {
        synchronized (UNDO) {
            step.run();
        }
    }

    /** A step of a few file system calls. */
    @FunctionalInterface
    interface Step {
        void run() throws IOException;
    }

    private static void undoAll() {
        synchronized (UNDO) {
            UNDO.forEach(Runnable::run);
        }
    }
}
