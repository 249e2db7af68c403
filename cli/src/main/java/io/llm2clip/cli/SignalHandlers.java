package io.llm2clip.cli;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What is done when the process receives signals, until this is closed.
 *
 * <p>The JDK's class for signals is in no supported package, so it is called by reflection; where it is missing, signals end the program
 * as they do without this.
 */
final class SignalHandlers implements AutoCloseable {
    private static final String SIGNAL = "sun.misc.Signal";
    private static final String HANDLER = "sun.misc.SignalHandler";

    /** Handlers of before, by signal. */
    private final Map<Object, Object> previous = new LinkedHashMap<>();

    /**
     * Has something done instead of what is done without this.
     *
     * @param name without {@code SIG}
     * @param action runs in a thread of its own
     */
    void on(String name, Runnable action) {
        try {
            Object signal = Class.forName(SIGNAL).getConstructor(String.class).newInstance(name);
            Class<?> type = Class.forName(HANDLER);
            InvocationHandler handler = (proxy, method, arguments) -> switch (method.getName()) {
                case "handle" -> {
                    action.run();
                    yield null;
                }
                case "equals" -> proxy == arguments[0];
                case "hashCode" -> System.identityHashCode(proxy);
                default -> name;
            };
            Object ours = Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, handler);
            previous.put(signal, set(signal, ours));
        } catch (InvocationTargetException e) {
            if (!(e.getCause() instanceof IllegalArgumentException)) {
                throw new IllegalStateException("The signal " + name + " cannot be handled.", e);
            }
            // The JVM was told to leave signals alone, or the system has no such signal.
        } catch (ReflectiveOperationException e) {
            // A Java runtime without the class.
        }
    }

    private static Object set(Object signal, Object handler) throws ReflectiveOperationException {
        Method handle = signal.getClass().getMethod("handle", signal.getClass(), Class.forName(HANDLER));
        return handle.invoke(null, signal, handler);
    }

    @Override
    public void close() {
        previous.forEach((signal, handler) -> {
            try {
                set(signal, handler);
            } catch (ReflectiveOperationException e) {
                throw new IllegalStateException("A handler of signals that was set once can be set again.", e);
            }
        });
    }
}
