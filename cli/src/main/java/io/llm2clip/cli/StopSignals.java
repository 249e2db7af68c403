package io.llm2clip.cli;

import io.llm2clip.training.run.StopRequest;
import io.llm2clip.training.run.StoppedException;
import java.util.function.Supplier;

/**
 * What signals do to a training: the first one has it saved and stopped, the second ends the program at once, and so does the first
 * when there is nothing to save.
 */
final class StopSignals {
    /** A signal, and the exit code of a program that it ends. */
    private enum Kind {
        INT(130),
        TERM(143);

        private final int code;

        Kind(int code) {
            this.code = code;
        }
    }

    private final StopRequest request;
    private final Terminal terminal;
    private int code = Kind.INT.code;
    private boolean stopping;

    private StopSignals(StopRequest request, Terminal terminal) {
        this.request = request;
        this.terminal = terminal;
    }

    /** Runs a training that signals stop. */
    static <T> T run(StopRequest request, Terminal terminal, Supplier<T> training) {
        StopSignals signals = new StopSignals(request, terminal);
        try (SignalHandlers handlers = new SignalHandlers()) {
            for (Kind kind : Kind.values()) {
                handlers.on(kind.name(), () -> signals.received(kind));
            }
            return training.get();
        } catch (StoppedException e) {
            throw new StoppedCommandException(e, signals.code());
        }
    }

    private synchronized int code() {
        return code;
    }

    private void received(Kind kind) {
        synchronized (this) {
            code = kind.code;
            if (!stopping && request.request()) {
                stopping = true;
                terminal.remark("Stopping after this step; once more to stop at once, without saving it.");
                return;
            }
        }
        System.exit(kind.code);
    }
}
