package io.llm2clip.cli;

import io.llm2clip.training.run.StopRequest;
import io.llm2clip.training.run.StoppedException;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * What signals do to a training: the first one has it saved and stopped, the second ends the program at once, and so does the first
 * when there is nothing to save.
 *
 * <p>The JDK's class for signals is in no supported package, so it is called by reflection; where it is missing, signals end the
 * program as they do others.
 */
final class StopSignals implements AutoCloseable {
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
    /** Handlers of before, by signal. */
    private final Map<Object, Object> previous = new LinkedHashMap<>();

    private int code = Kind.INT.code;
    private boolean stopping;

    private StopSignals(StopRequest request, Terminal terminal) {
        this.request = request;
        this.terminal = terminal;
    }

    /** Runs a training that signals stop. */
    static <T> T run(StopRequest request, Terminal terminal, Supplier<T> training) {
        try (StopSignals signals = new StopSignals(request, terminal)) {
            Stream.of(Kind.values()).forEach(signals::handle);
            try {
                return training.get();
            } catch (StoppedException e) {
                throw new StoppedCommandException(e, signals.code());
            }
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

    private void handle(Kind kind) {
        try {
            Class<?> signalType = Class.forName("sun.misc.Signal");
            Class<?> handlerType = Class.forName("sun.misc.SignalHandler");
            Object signal = signalType.getConstructor(String.class).newInstance(kind.name());
            InvocationHandler handler = (proxy, method, arguments) -> switch (method.getName()) {
                case "handle" -> {
                    received(kind);
                    yield null;
                }
                case "equals" -> proxy == arguments[0];
                case "hashCode" -> System.identityHashCode(proxy);
                default -> kind.name();
            };
            Object ours = Proxy.newProxyInstance(handlerType.getClassLoader(), new Class<?>[] {handlerType}, handler);
            previous.put(signal, set(signal, handlerType, ours));
        } catch (InvocationTargetException e) {
            if (!(e.getCause() instanceof IllegalArgumentException)) {
                throw new IllegalStateException("The signal " + kind + " cannot be handled.", e);
            }
            // The JVM was told to leave signals alone, or the system has no such signal.
        } catch (ReflectiveOperationException e) {
            // A Java runtime without the class.
        }
    }

    private static Object set(Object signal, Class<?> handlerType, Object handler) throws ReflectiveOperationException {
        Method handle = signal.getClass().getMethod("handle", signal.getClass(), handlerType);
        return handle.invoke(null, signal, handler);
    }

    @Override
    public void close() {
        previous.forEach((signal, handler) -> {
            try {
                set(signal, Class.forName("sun.misc.SignalHandler"), handler);
            } catch (ReflectiveOperationException e) {
                throw new IllegalStateException("A handler of signals that was set once can be set again.", e);
            }
        });
    }
}
