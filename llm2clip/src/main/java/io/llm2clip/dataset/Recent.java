package io.llm2clip.dataset;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;
import java.util.function.ToLongFunction;

/** What was read last, as far as it has room; the rest is read again. */
final class Recent<K, V> {
    private final long room;
    private final ToLongFunction<V> size;
    private final LinkedHashMap<K, V> kept = new LinkedHashMap<>(16, 0.75f, true);
    private long taken;

    /**
     * Keeps nothing yet.
     *
     * @param room for how much, in units of {@code size}; the newest is kept whatever its size
     */
    Recent(long room, ToLongFunction<V> size) {
        this.room = room;
        this.size = size;
    }

    /**
     * The value of a key.
     *
     * @param read makes it, the same each time
     */
    V get(K key, Function<K, V> read) {
        synchronized (kept) {
            V value = kept.get(key);
            if (value != null) {
                return value;
            }
        }
        // Not under the lock: reading takes long. Two threads may do it at once, with the same result.
        V value = read.apply(key);
        synchronized (kept) {
            if (kept.put(key, value) == null) {
                taken += size.applyAsLong(value);
            }
            var eldest = kept.entrySet().iterator();
            while (taken > room && kept.size() > 1) {
                Map.Entry<K, V> entry = eldest.next();
                taken -= size.applyAsLong(entry.getValue());
                eldest.remove();
            }
        }
        return value;
    }
}
