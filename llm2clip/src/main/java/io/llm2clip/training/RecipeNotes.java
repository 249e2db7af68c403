package io.llm2clip.training;

import io.llm2clip.dataset.DataSource;
import io.llm2clip.progress.Quantity;
import io.llm2clip.tensor.Execution;
import io.llm2clip.training.run.RunSettings;
import java.lang.reflect.RecordComponent;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** A training's settings as people and files have them: a name and a value for each number of a record. */
public final class RecipeNotes {
    private RecipeNotes() {}

    /**
     * The components of a record, those of records within it included, by names such as {@code learning_rate}.
     *
     * @param prefix of the names, such as {@code stage_1.}
     */
    static Map<String, String> of(String prefix, Record settings) {
        Map<String, String> notes = new LinkedHashMap<>();
        for (RecordComponent component : settings.getClass().getRecordComponents()) {
            Object value = value(component, settings);
            if (value instanceof Record nested) {
                notes.putAll(of(prefix, nested));
            } else {
                notes.put(prefix + name(component), text(value));
            }
        }
        return notes;
    }

    /** Where and how a training computes, as far as its bits depend on it. */
    static Map<String, String> of(Execution execution) {
        Map<String, String> notes = new LinkedHashMap<>();
        notes.put("device", execution.device().name());
        notes.put("precision", text(execution.options().precision()));
        return notes;
    }

    /** What a training draws texts from. */
    static Map<String, String> of(List<DataSource> sources) {
        Map<String, String> notes = new LinkedHashMap<>();
        for (int i = 0; i < sources.size(); i++) {
            DataSource source = sources.get(i);
            String weight =
                    source.weight().isPresent() ? ", weight " + source.weight().getAsDouble() : "";
            notes.put(
                    sources.size() == 1 ? "data" : "data.%d.%s".formatted(i + 1, source.name()),
                    source.set().digest() + weight);
        }
        return notes;
    }

    /**
     * The same for people, with how many there are.
     *
     * @param noun what an example is
     */
    static String sizes(List<DataSource> sources, String noun) {
        return sources.stream()
                .map(source -> "%s: %s"
                        .formatted(source.set().name(), Quantity.of(source.set().size(), noun)))
                .collect(Collectors.joining("; "));
    }

    /** Where a training that was given a pretrained model began. */
    static String pretrained(Path directory) {
        return "pretrained " + directory.toAbsolutePath().normalize().getFileName();
    }

    /** The same as one line, such as {@code steps 170, batch 32, learning rate 0.003}, of what is there. */
    public static String line(Record settings) {
        return of("", settings).entrySet().stream()
                .filter(entry -> !entry.getValue().equals(RunSettings.NONE))
                .map(entry -> entry.getKey().replace('_', ' ') + " " + entry.getValue())
                .collect(Collectors.joining(", "));
    }

    /** Where settings come from: {@code as in RECIPE}, but for those that are otherwise, by name. */
    static String origin(Record settings, Record recipe, String name) {
        Map<String, String> usual = of("", recipe);
        String others = of("", settings).entrySet().stream()
                .filter(entry -> !entry.getValue().equals(usual.get(entry.getKey())))
                .map(entry -> entry.getKey().replace('_', ' '))
                .collect(Collectors.joining(", "));
        return others.isEmpty() ? "as in " + name : "as in %s but for %s".formatted(name, others);
    }

    /** What an {@link Optional} holds; null for none. */
    private static @Nullable Object value(RecordComponent component, Record settings) {
        try {
            Object value = component.getAccessor().invoke(settings);
            return value instanceof Optional<?> optional ? optional.orElse(null) : value;
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("The accessors of public records can be called.", e);
        }
    }

    private static String name(RecordComponent component) {
        return component.getName().replaceAll("([A-Z])", "_$1").toLowerCase(Locale.ROOT);
    }

    private static String text(@Nullable Object value) {
        if (value == null
                || value instanceof Collection<?> items && items.isEmpty()
                || value instanceof Map<?, ?> entries && entries.isEmpty()) {
            return RunSettings.NONE;
        }
        boolean fraction = value instanceof Float || value instanceof Double;
        return fraction && Double.isFinite(((Number) value).doubleValue())
                ? new BigDecimal(value.toString()).stripTrailingZeros().toPlainString()
                : value.toString();
    }
}
