package io.llm2clip.data;

import io.llm2clip.nn.checkpoint.IoReason;
import io.llm2clip.progress.Progress;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Items in an order that is the same each time; files are read line by line, so that they may have any size. */
public interface ItemSource {
    /** What most of them are: "image", "text" or "item". */
    String unit();

    /** How many items there are, or {@link Progress#UNKNOWN}. */
    long count();

    /** Hands over all items, in their order. A pipe can be read once. */
    void forEach(Consumer<Item> target);

    /** Image files. */
    static ItemSource ofImages(List<Path> files) {
        return ofItems(
                "image",
                files.stream().map(file -> image(file.toString(), null)).toList());
    }

    /** Texts. */
    static ItemSource ofTexts(List<String> texts) {
        return ofItems(
                "text",
                texts.stream().map(text -> (Item) new Item.Text(text, null)).toList());
    }

    private static ItemSource ofItems(String unit, List<Item> items) {
        return new ItemSource() {
            @Override
            public String unit() {
                return unit;
            }

            @Override
            public long count() {
                return items.size();
            }

            @Override
            public void forEach(Consumer<Item> target) {
                items.forEach(target);
            }
        };
    }

    /**
     * A text per line, empty ones too, so that the n-th vector is that of the n-th line.
     *
     * @throws InputException if a regular file cannot be read, holds nothing or is not UTF-8, naming the line
     */
    static ItemSource ofTextLines(LineInput input) {
        return LineItems.counted(input, "text", "texts", line -> new Item.Text(line, null));
    }

    /**
     * The path of an image per line; blank lines do not count.
     *
     * @throws InputException if a regular file cannot be read, holds nothing or is not UTF-8, naming the line
     */
    static ItemSource ofImageLines(LineInput input) {
        return LineItems.counted(input, "image", "paths of images", line -> line.isBlank() ? null : image(line, null));
    }

    /** A JSON object per line, with an image, texts or both. */
    static ItemSource ofJsonLines(LineInput input, ItemFields fields) {
        return new JsonItems(input, fields);
    }

    /** The image that a name stands for, if it can be told by it. */
    private static Item image(String name, @Nullable String key) {
        return image(name, Path.of(""), key);
    }

    /**
     * The image that a name stands for.
     *
     * @param folder that relative paths count from
     */
    static Item image(String name, Path folder, @Nullable String key) {
        FileNames.requireAsWritten(name);
        if (!FileNames.isText(name)) {
            return new Item.Unusable("image", name, key, "The name of %s is not UTF-8; rename it.".formatted(name));
        }
        try {
            return new Item.Image(name, folder.resolve(name), key);
        } catch (InvalidPathException e) {
            return new Item.Unusable(
                    "image", name, key, "The image %s is not a path (%s).".formatted(name, e.getReason()));
        }
    }

    /**
     * Lines that are read when they are asked for.
     *
     * @param name for messages
     * @param file null for standard input
     * @param standardInput what is read without a file
     */
    record LineInput(String name, @Nullable Path file, InputStream standardInput) {
        /** Whether it can be read twice. */
        boolean isRegular() {
            return file != null && Files.isRegularFile(file);
        }

        /** @throws InputException if there is no such file, or it is a folder */
        void requireFile() {
            if (file != null && (!Files.exists(file) || Files.isDirectory(file))) {
                throw new InputException("%s cannot be read (%s); give a file of lines."
                        .formatted(name, Files.exists(file) ? "it is a folder" : "there is no such file"));
            }
        }

        /** The folder that relative paths in it count from. */
        Path folder() {
            Path parent = file == null ? null : file.getParent();
            return parent == null || !isRegular() ? Path.of("") : parent;
        }

        void read(Utf8Lines.Target target) {
            try {
                if (file == null) {
                    Utf8Lines.read(standardInput, target);
                } else {
                    try (InputStream stream = Files.newInputStream(file)) {
                        Utf8Lines.read(stream, target);
                    }
                }
            } catch (IOException e) {
                throw new InputException(
                        "%s cannot be read (%s); give a file of lines.".formatted(name, IoReason.of(e)), e);
            }
        }
    }
}
