package io.llm2clip.nn.checkpoint;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The metadata of a GGUF file, as texts.
 *
 * @param values numbers, truth values and strings
 * @param lists of such; lists of lists are left
 */
record GgufMetadata(Map<String, String> values, Map<String, List<String>> lists) {
    private static final int LIST = 9;
    private static final int DEEPEST = 4;
    private static final long MOST_VALUES = 4_000_000;
    private static final String ALIGNMENT = "general.alignment";

    static GgufMetadata read(GgufCursor cursor, long count) {
        if (count < 0 || count > MOST_VALUES) {
            throw cursor.damaged("up to %d entries of metadata".formatted(MOST_VALUES), Long.toUnsignedString(count));
        }
        GgufMetadata metadata = new GgufMetadata(new LinkedHashMap<>(), new LinkedHashMap<>());
        long left = MOST_VALUES - count;
        for (long i = 0; i < count; i++) {
            String key = cursor.text();
            if (metadata.values.containsKey(key) || metadata.lists.containsKey(key)) {
                throw cursor.damaged("the key '%s' once".formatted(key), "it twice");
            }
            int type = type(cursor);
            if (type == LIST) {
                List<String> list = new ArrayList<>();
                left = list(cursor, list, left, 0);
                metadata.lists.put(key, list);
            } else {
                metadata.values.put(key, scalar(cursor, type));
            }
        }
        return metadata;
    }

    /** Empty without one; 0 for one that is no number. */
    Optional<Long> alignment() {
        return Optional.ofNullable(values.get(ALIGNMENT))
                .map(value -> value.matches("\\d{1,9}") ? Long.parseLong(value) : 0);
    }

    /** Returns how many values there may be after it. */
    private static long list(GgufCursor cursor, List<String> list, long most, int depth) {
        int type = type(cursor);
        long count = cursor.i64();
        if (count < 0 || count > most || depth > DEEPEST) {
            throw cursor.damaged("up to %d values of metadata".formatted(MOST_VALUES), Long.toUnsignedString(count));
        }
        long left = most - count;
        for (long i = 0; i < count; i++) {
            if (type == LIST) {
                left = list(cursor, new ArrayList<>(), left, depth + 1);
            } else {
                list.add(scalar(cursor, type));
            }
        }
        return left;
    }

    private static int type(GgufCursor cursor) {
        return (int) Math.min(Integer.MAX_VALUE, cursor.u32());
    }

    private static String scalar(GgufCursor cursor, int type) {
        return switch (type) {
            case 0 -> Integer.toString(cursor.u8());
            case 1 -> Integer.toString((byte) cursor.u8());
            case 2 -> Integer.toString(cursor.u16());
            case 3 -> Integer.toString((short) cursor.u16());
            case 4 -> Long.toString(cursor.u32());
            case 5 -> Integer.toString((int) cursor.u32());
            case 6 -> Float.toString(Float.intBitsToFloat((int) cursor.u32()));
            case 7 -> Boolean.toString(cursor.u8() != 0);
            case 8 -> cursor.text();
            case 10 -> Long.toUnsignedString(cursor.i64());
            case 11 -> Long.toString(cursor.i64());
            case 12 -> Double.toString(Double.longBitsToDouble(cursor.i64()));
            default -> throw cursor.damaged("a type of metadata from 0 to 12", Integer.toString(type));
        };
    }
}
