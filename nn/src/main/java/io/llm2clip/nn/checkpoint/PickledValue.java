package io.llm2clip.nn.checkpoint;

import java.lang.foreign.MemorySegment;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a Python pickle describes, as far as it says anything of tensors. Values may contain themselves, so nothing here may go
 * through them without a bound; in particular, none of them is compared, hashed or printed.
 */
sealed interface PickledValue {
    /** In words, without what is in it. */
    String kind();

    record Text(String value) implements PickledValue {
        @Override
        public String kind() {
            return "a string";
        }
    }

    record Whole(long value) implements PickledValue {
        @Override
        public String kind() {
            return "an integer";
        }
    }

    /** A number, none, bytes, or an object of which nothing is read. */
    enum Opaque implements PickledValue {
        VALUE;

        @Override
        public String kind() {
            return "a value that says nothing of tensors";
        }
    }

    /** A class or function of Python: nothing but its name. */
    record Name(String path) implements PickledValue {
        @Override
        public String kind() {
            return "the Python name '%s'".formatted(path);
        }
    }

    /**
     * A list, tuple or set.
     *
     * @param growing whether more can be appended
     */
    record Items(List<PickledValue> values, boolean growing) implements PickledValue {
        @Override
        public String kind() {
            return "a list";
        }
    }

    /**
     * A dictionary; of keys other than strings and integers, entries are not kept.
     *
     * @param module whether it stands for a module of TorchScript with its attributes
     */
    record Dict(Map<String, PickledValue> entries, boolean module) implements PickledValue {
        static Dict empty() {
            return new Dict(new LinkedHashMap<>(), false);
        }

        void put(PickledValue key, PickledValue value) {
            switch (key) {
                case Text text -> entries.put(text.value(), value);
                case Whole whole -> entries.put(Long.toString(whole.value()), value);
                default -> {}
            }
        }

        @Override
        public String kind() {
            return "a dictionary";
        }
    }

    /**
     * Numbers that tensors share.
     *
     * @param type of an element; bytes if it has none of its own
     * @param kindOfStorage PyTorch's name for it
     * @param count of elements, up to the size of the data
     * @param data all of them
     */
    record Storage(Optional<StoredType> type, String kindOfStorage, long count, MemorySegment data)
            implements PickledValue {
        @Override
        public String kind() {
            return "a " + kindOfStorage;
        }
    }

    record Weights(StoredTensor tensor) implements PickledValue {
        @Override
        public String kind() {
            return "a tensor";
        }
    }

    /** A tensor that has no {@link StoredType} or is not dense. */
    record Unreadable(String kind) implements PickledValue {}
}
