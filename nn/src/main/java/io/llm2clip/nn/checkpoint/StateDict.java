package io.llm2clip.nn.checkpoint;

import io.llm2clip.nn.checkpoint.PickledValue.Dict;
import io.llm2clip.nn.checkpoint.PickledValue.Items;
import io.llm2clip.nn.checkpoint.PickledValue.Unreadable;
import io.llm2clip.nn.checkpoint.PickledValue.Weights;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * Tensors by name, from the value that a checkpoint of PyTorch is: a dictionary of them, or one that has such a dictionary besides
 * other things, or containers within containers, whose names are joined by dots.
 */
final class StateDict {
    /** Where training programs keep the weights, the preferred first. */
    private static final List<String> WEIGHTS = List.of(
            "state_dict",
            "model_state_dict",
            "model",
            "module",
            "net",
            "network",
            "weights",
            "params",
            "model_ema",
            "state_dict_ema",
            "ema");
    /** What they keep besides. */
    private static final Pattern OTHERS = Pattern.compile("optim(izer)?s?|optimizer_.*|(lr_)?sched(uler)?s?(_.*)?"
            + "|(grad_)?scaler(_.*)?|amp(_scaler|_state)?|(.*_)?rng_states?|random_states?|callbacks|loops"
            + "|hyper_parameters|hparams|args");
    /** What those who wrap a model to train it put before each of its names. */
    private static final List<String> WRAPPERS = List.of("module.", "_orig_mod.");

    private static final int DEEPEST = 64;
    private static final int MOST_VISITS = 4_000_000;
    private static final long MOST_CHARACTERS = 100_000_000;

    private final Path file;
    private final Map<String, StoredTensor> tensors = new LinkedHashMap<>();
    private final Map<String, String> unreadable = new LinkedHashMap<>();
    private int visits;
    private long characters;

    private StateDict(Path file) {
        this.file = file;
    }

    /** @throws CheckpointException if there are no tensors, or too many values */
    static TensorFile of(Path file, PickledValue value) {
        StateDict found = new StateDict(file);
        found.find(value, 0);
        if (found.isEmpty()) {
            throw new CheckpointException(
                    "%s: expected tensors, found %s without any; save the weights of the model: torch.save(model.state_dict(), FILE)."
                            .formatted(file, value.kind()));
        }
        return new TensorFile(found.tensors, found.unreadable, Map.of());
    }

    /** The same file, without what wrappers put before every name. */
    static TensorFile unwrapped(TensorFile file) {
        for (String wrapper : WRAPPERS) {
            boolean all = !file.tensors().isEmpty()
                    && file.tensors().keySet().stream().allMatch(name -> name.startsWith(wrapper))
                    && file.unreadable().keySet().stream().allMatch(name -> name.startsWith(wrapper));
            if (all) {
                return unwrapped(new TensorFile(
                        without(wrapper, file.tensors()), without(wrapper, file.unreadable()), file.metadata()));
            }
        }
        return file;
    }

    private static <T> Map<String, T> without(String wrapper, Map<String, T> named) {
        Map<String, T> result = new LinkedHashMap<>();
        named.forEach((name, value) -> result.put(name.substring(wrapper.length()), value));
        return result;
    }

    private void find(PickledValue value, int depth) {
        if (value instanceof Dict dict && !dict.module()) {
            for (String name : WEIGHTS) {
                if (dict.entries().get(name) instanceof Dict within) {
                    requireDepth(depth);
                    find(within, depth + 1);
                    if (!isEmpty()) {
                        return;
                    }
                }
            }
            dict.entries().forEach((name, entry) -> {
                if (!OTHERS.matcher(name).matches() || !(entry instanceof Dict || entry instanceof Items)) {
                    collect(name, entry, 1);
                }
            });
        } else {
            collect("", value, 0);
        }
    }

    private void collect(String name, PickledValue value, int depth) {
        requireDepth(depth);
        visits++;
        characters += name.length();
        // A few bytes may refer to the same values, or to a long name, over and over.
        if (visits > MOST_VISITS || characters > MOST_CHARACTERS) {
            throw new CheckpointException(
                    "%s: expected up to %d values of usual names, found more; save the weights alone: torch.save(model.state_dict(), FILE)."
                            .formatted(file, MOST_VISITS));
        }
        switch (value) {
            case Weights weights -> add(tensors, name, weights.tensor());
            case Unreadable other -> add(unreadable, name, other.kind());
            case Dict dict -> dict.entries().forEach((key, entry) -> collect(join(name, key), entry, depth + 1));
            case Items items -> {
                for (int i = 0; i < items.values().size(); i++) {
                    collect(join(name, Integer.toString(i)), items.values().get(i), depth + 1);
                }
            }
            default -> {}
        }
    }

    private <T> void add(Map<String, T> named, String name, T tensor) {
        if (tensors.containsKey(name) || unreadable.containsKey(name)) {
            throw new CheckpointException(
                    "%s: tensor '%s': expected it once, found it twice, as a name and as a path of names; save one of them."
                            .formatted(file, name));
        }
        // A tensor that is all of the file has no name of its own.
        named.put(name.isEmpty() ? "tensor" : name, tensor);
    }

    private boolean isEmpty() {
        return tensors.isEmpty() && unreadable.isEmpty();
    }

    private static String join(String path, String name) {
        return path.isEmpty() ? name : path + "." + name;
    }

    private void requireDepth(int depth) {
        if (depth > DEEPEST) {
            throw new CheckpointException(
                    "%s: expected containers up to %d deep, found deeper ones; save the weights alone: torch.save(model.state_dict(), FILE)."
                            .formatted(file, DEEPEST));
        }
    }
}
