package io.llm2clip.data;

import io.llm2clip.data.JsonLines.BadLineException;
import io.llm2clip.progress.Progress;
import io.llm2clip.text.WellFormed;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** Images and texts of JSON lines; a line without any, or one that is broken, is an item that cannot be used. */
final class JsonItems implements ItemSource {
    /** Field names shown in a message. */
    private static final int NAMED = 8;

    private final LineInput input;
    private final ItemFields fields;
    private final long count;

    JsonItems(LineInput input, ItemFields fields) {
        this.input = input;
        this.fields = fields;
        input.requireFile();
        if (!input.isRegular()) {
            count = Progress.UNKNOWN;
            return;
        }
        long[] items = {0};
        forEach(_ -> items[0]++);
        count = items[0];
    }

    @Override
    public String unit() {
        return "item";
    }

    @Override
    public long count() {
        return count;
    }

    @Override
    public void forEach(Consumer<Item> target) {
        // Where no line at all has the fields, their names are wrong.
        String[] otherFields = {null};
        boolean[] used = {false};
        boolean[] any = {false};
        input.read(new Utf8Lines.Target() {
            @Override
            public void line(int number, String text) {
                if (text.isBlank()) {
                    return;
                }
                any[0] = true;
                try {
                    ObjectNode object = JsonLines.parse(text);
                    List<Item> items = items(object);
                    used[0] |= !items.isEmpty();
                    if (items.isEmpty()) {
                        otherFields[0] = names(object);
                        throw new BadLineException("no field " + expected(), "");
                    }
                    items.forEach(target);
                } catch (BadLineException e) {
                    bad(number, e.sentencePart());
                }
            }

            @Override
            public void unusable(int number, String reason) {
                any[0] = true;
                bad(number, reason);
            }

            private void bad(int number, String reason) {
                String place = input.name() + ":" + number;
                target.accept(new Item.Unusable(
                        "line",
                        place,
                        null,
                        "Line %d of %s cannot be used (%s).".formatted(number, input.name(), reason)));
            }
        });
        if (!any[0]) {
            throw new InputException("%s holds no lines; expected a JSON object per line.".formatted(input.name()));
        }
        if (!used[0]) {
            throw new InputException(
                    "%s: expected JSON objects with a field %s, found %s; name the fields that have images and texts."
                            .formatted(
                                    input.name(),
                                    expected(),
                                    Optional.ofNullable(otherFields[0]).orElse("none in any line")));
        }
    }

    private String expected() {
        return "\"" + fields.image() + "\" or \"" + String.join("\", \"", fields.texts()) + "\"";
    }

    private static String names(ObjectNode object) {
        List<String> names = object.propertyNames().stream().limit(NAMED).toList();
        return names.isEmpty() ? "objects without fields" : "\"" + String.join("\", \"", names) + "\"";
    }

    private List<Item> items(ObjectNode object) throws BadLineException {
        List<Item> items = new ArrayList<>();
        String key = fields.key() == null ? null : key(object, fields.key());
        JsonNode image = object.get(fields.image());
        if (image != null && !image.isNull()) {
            if (!image.isString() || image.stringValue().isBlank()) {
                throw new BadLineException("\"%s\" is not a path".formatted(fields.image()), "");
            }
            items.add(ItemSource.image(WellFormed.text(image.stringValue()), input.folder(), key));
        }
        for (String field : fields.texts()) {
            JsonNode texts = object.get(field);
            if (texts != null && !texts.isNull()) {
                for (JsonNode text : texts.isArray() ? texts : List.of(texts)) {
                    if (!text.isString()) {
                        throw new BadLineException("\"%s\" is neither a text nor a list of texts".formatted(field), "");
                    }
                    items.add(new Item.Text(WellFormed.text(text.stringValue()), key));
                }
                break;
            }
        }
        return items;
    }

    private static String key(ObjectNode object, String field) throws BadLineException {
        JsonNode key = object.get(field);
        if (key == null || !key.isString() && !key.isIntegralNumber()) {
            throw new BadLineException("no field \"%s\" with a string or a whole number".formatted(field), "");
        }
        return key.isString() ? WellFormed.text(key.stringValue()) : key.asString();
    }
}
