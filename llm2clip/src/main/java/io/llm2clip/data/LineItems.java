package io.llm2clip.data;

import io.llm2clip.progress.Progress;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * An item per line of text.
 *
 * @param item of a line; null for a line that does not count
 */
record LineItems(LineInput input, String unit, String title, long count, Function<String, @Nullable Item> item)
        implements ItemSource {

    /** Reads a regular file once to find what speaks against it before any work, and to know its length. */
    static ItemSource counted(LineInput input, String unit, String title, Function<String, @Nullable Item> item) {
        input.requireFile();
        LineItems items = new LineItems(input, unit, title, Progress.UNKNOWN, item);
        if (!input.isRegular()) {
            return items;
        }
        long[] count = {0};
        items.forEach(_ -> count[0]++);
        return new LineItems(input, unit, title, count[0], item);
    }

    @Override
    public void forEach(Consumer<Item> target) {
        boolean[] any = {false};
        input.read(new Utf8Lines.Target() {
            @Override
            public void line(int number, String text) {
                Item found = item.apply(text);
                if (found != null) {
                    any[0] = true;
                    target.accept(found);
                }
            }

            @Override
            public void unusable(int number, String reason) {
                throw new InputException("%s: line %d is %s; convert the file, for instance with iconv."
                        .formatted(input.name(), number, reason.replaceFirst("^line ", "")));
            }
        });
        if (!any[0]) {
            throw new InputException("%s holds no %s; expected one per line.".formatted(input.name(), title));
        }
    }
}
