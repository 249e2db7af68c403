package io.llm2clip.nn.checkpoint;

import io.llm2clip.nn.checkpoint.PickledValue.Dict;
import io.llm2clip.nn.checkpoint.PickledValue.Items;
import io.llm2clip.nn.checkpoint.PickledValue.Name;
import io.llm2clip.nn.checkpoint.PickledValue.Opaque;
import io.llm2clip.nn.checkpoint.PickledValue.Storage;
import io.llm2clip.nn.checkpoint.PickledValue.Text;
import io.llm2clip.nn.checkpoint.PickledValue.Unreadable;
import io.llm2clip.nn.checkpoint.PickledValue.Weights;
import io.llm2clip.nn.checkpoint.PickledValue.Whole;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * What the names in a pickle of PyTorch stand for: dictionaries, tensors and the numbers that they are made of. Other names that
 * training is known to leave in checkpoints stand for nothing; a name of any other kind is refused, though nothing would be called.
 */
final class TorchObjects implements Unpickler.Objects {
    /** A tensor that repeats the same numbers takes no room in its file; a few bytes must not become terabytes. */
    private static final long MOST_REPEATED = 1L << 30;

    private static final int MOST_DIMENSIONS = 64;
    private static final int LONGEST_KEY = 200;
    /** The same values may be copied over and over by few instructions. */
    private static final int MOST_COPIES = 4_000_000;

    private final Path file;
    private final boolean script;
    private final ByteOrder order;
    private final Function<String, Optional<MemorySegment>> data;
    private long copies;

    /**
     * @param script whether the file is a program of TorchScript
     * @param order of the bytes of its numbers
     * @param data from the key of a storage to its bytes
     */
    TorchObjects(Path file, boolean script, ByteOrder order, Function<String, Optional<MemorySegment>> data) {
        this.file = file;
        this.script = script;
        this.order = order;
        this.data = data;
    }

    @Override
    public PickledValue name(String module, String name) {
        String path = TorchNames.path(module, name);
        if (!TorchNames.isKnown(path, script)) {
            throw new CheckpointException(
                    "%s: expected tensors, containers, numbers and strings, found the Python name '%s'; nothing of it was run. If you trust the file, load it in Python and save its weights alone: torch.save(model.state_dict(), NEW_FILE)."
                            .formatted(file, path));
        }
        return new Name(path);
    }

    @Override
    public PickledValue call(PickledValue callee, PickledValue arguments) {
        if (!(arguments instanceof Items items)) {
            throw damaged("a list of arguments", arguments.kind());
        }
        return switch (callee) {
            case Name name -> call(name.path(), items.values());
            case Opaque _ -> Opaque.VALUE;
            default -> throw damaged("a class or function to call", callee.kind());
        };
    }

    private PickledValue call(String path, List<PickledValue> arguments) {
        if (TorchNames.isDictionary(path)) {
            return dictionary(arguments);
        }
        if (TorchNames.isModule(path)) {
            return new Dict(new LinkedHashMap<>(), true);
        }
        if (TorchNames.isIdentity(path)) {
            return argument(path, arguments, 0);
        }
        return switch (path) {
            case TorchNames.REBUILD + "tensor", TorchNames.REBUILD + "tensor_v2" ->
                tensor(path, arguments, Optional.empty());
            case TorchNames.REBUILD + "tensor_v3" -> tensor(path, arguments, Optional.of(argument(path, arguments, 6)));
            case "torch._tensor._rebuild_from_type_v2" -> fromType(path, arguments);
            default -> path.startsWith(TorchNames.REBUILD) ? new Unreadable("one made by " + path) : Opaque.VALUE;
        };
    }

    /** Of pairs, as Python 2 gives them to it, or of none. */
    private Dict dictionary(List<PickledValue> arguments) {
        Dict dict = Dict.empty();
        if (!arguments.isEmpty() && arguments.getFirst() instanceof Items pairs) {
            requireCopies(pairs.values().size());
            for (PickledValue pair : pairs.values()) {
                if (pair instanceof Items items && items.values().size() == 2) {
                    dict.put(items.values().getFirst(), items.values().getLast());
                }
            }
        }
        return dict;
    }

    /** A call of a function, whose result gets a subclass and attributes. */
    private PickledValue fromType(String path, List<PickledValue> arguments) {
        if (argument(path, arguments, 0) instanceof Name function
                && !function.path().equals(path)
                && argument(path, arguments, 2) instanceof Items items) {
            return call(function.path(), items.values());
        }
        throw damaged("a function and its arguments for " + path, "others");
    }

    @Override
    public void build(PickledValue object, PickledValue state) {
        switch (object) {
            case Dict dict when dict.module() -> addAttributes(dict, state);
            // Attributes of a dictionary, as PyTorch's versions of modules are, or of a parameter.
            case Dict _, Opaque _, Weights _, Unreadable _ -> {}
            default -> throw damaged("an object that has a state", object.kind());
        }
    }

    private void addAttributes(Dict module, PickledValue state) {
        switch (state) {
            case Dict attributes -> {
                requireCopies(attributes.entries().size());
                // Into itself, it would change while it is read.
                if (attributes.entries() != module.entries()) {
                    module.entries().putAll(attributes.entries());
                }
            }
            case Items items -> {
                requireCopies(items.values().size());
                for (int i = 0; i < items.values().size(); i++) {
                    module.entries().put(Integer.toString(i), items.values().get(i));
                }
            }
            default -> {}
        }
    }

    private void requireCopies(int count) {
        copies += count;
        if (copies > MOST_COPIES) {
            throw damaged("up to %d entries of dictionaries".formatted(MOST_COPIES), "more");
        }
    }

    @Override
    public PickledValue persistent(PickledValue id) {
        if (id instanceof Items items
                && items.values().size() >= 5
                && items.values().get(0) instanceof Text kind
                && kind.value().equals("storage")
                && items.values().get(1) instanceof Name type
                && TorchNames.isStorage(type.path())
                && items.values().get(2) instanceof Text key
                && items.values().get(4) instanceof Whole count) {
            return storage(type.path(), key.value(), count.value());
        }
        throw damaged("a storage with its type, key and size", id.kind());
    }

    private Storage storage(String path, String key, long count) {
        if (key.length() > LONGEST_KEY) {
            throw damaged("the key of a storage", "%d characters".formatted(key.length()));
        }
        MemorySegment bytes = data.apply(key)
                .orElseThrow(() -> damaged("the numbers of storage '%s' in the archive".formatted(key), "none"));
        Optional<StoredType> type = TorchNames.ofStorage(path);
        long room = bytes.byteSize() / type.map(StoredType::bytes).orElse(1);
        if (count < 0 || count > room) {
            throw damaged("%d elements in storage '%s'".formatted(count, key), "%d bytes".formatted(bytes.byteSize()));
        }
        return new Storage(type, path, count, bytes);
    }

    private PickledValue tensor(String path, List<PickledValue> arguments, Optional<PickledValue> typeName) {
        if (!(argument(path, arguments, 0) instanceof Storage storage)
                || !(argument(path, arguments, 1) instanceof Whole offset)) {
            throw damaged("a storage and an offset for " + path, "others");
        }
        Strides strides = strides(integers(path, arguments, 2), integers(path, arguments, 3));
        Optional<StoredType> type = storage.type();
        if (typeName.isPresent()) {
            type = typeName.get() instanceof Name name ? TorchNames.ofType(name.path()) : Optional.empty();
        }
        if (type.isEmpty()) {
            return new Unreadable("one of " + typeName.map(PickledValue::kind).orElse(storage.kind()));
        }
        return new Weights(tensor(storage, type.get(), offset.value(), strides));
    }

    private StoredTensor tensor(Storage storage, StoredType type, long offset, Strides strides) {
        long available =
                TorchNames.isUntyped(storage.kindOfStorage()) ? storage.count() / type.bytes() : storage.count();
        try {
            long extent = strides.extent();
            long bytes = StoredTensor.byteSize(type, strides.shape());
            boolean inside = offset >= 0 && offset <= available && extent <= available - offset;
            // The type of a storage and that of its tensor only differ where the storage has none.
            boolean same = storage.type().map(StoredType::bytes).orElse(0) == type.bytes()
                    || TorchNames.isUntyped(storage.kindOfStorage());
            if (inside && same && (bytes <= MOST_REPEATED || bytes / type.bytes() <= available)) {
                MemorySegment own = storage.data().asSlice(offset * type.bytes(), extent * type.bytes());
                return StoredTensor.view(type, strides, order, own);
            }
        } catch (ArithmeticException | IllegalArgumentException e) {
            throw new CheckpointException(outside(storage, type, offset, strides), e);
        }
        throw new CheckpointException(outside(storage, type, offset, strides));
    }

    private String outside(Storage storage, StoredType type, long offset, Strides strides) {
        return "%s: expected tensors within their storages, found one of type %s, shape %s and strides %s from element %d of a %s of %d. The file is damaged; fetch or save it again."
                .formatted(
                        file,
                        type,
                        strides.shape(),
                        strides.strides(),
                        offset,
                        storage.kindOfStorage(),
                        storage.count());
    }

    private Strides strides(List<Long> shape, List<Long> strides) {
        if (shape.size() != strides.size()
                || shape.stream().anyMatch(dimension -> dimension < 0)
                || strides.stream().anyMatch(stride -> stride < 0)) {
            throw damaged("dimensions and as many strides, each from 0 up", "%s and %s".formatted(shape, strides));
        }
        return new Strides(shape, strides);
    }

    private List<Long> integers(String path, List<PickledValue> arguments, int index) {
        if (argument(path, arguments, index) instanceof Items items
                && items.values().size() <= MOST_DIMENSIONS
                && items.values().stream().allMatch(Whole.class::isInstance)) {
            return items.values().stream().map(value -> ((Whole) value).value()).toList();
        }
        throw damaged(
                "up to %d integers as argument %d of %s".formatted(MOST_DIMENSIONS, index, path), "something else");
    }

    private PickledValue argument(String path, List<PickledValue> arguments, int index) {
        if (index >= arguments.size()) {
            throw damaged("more than %d arguments of %s".formatted(index, path), Integer.toString(arguments.size()));
        }
        return arguments.get(index);
    }

    private CheckpointException damaged(String expected, String found) {
        return new CheckpointException("%s: expected %s, found %s. The file is damaged; fetch or save it again."
                .formatted(file, expected, found));
    }
}
