package io.llm2clip.text;

import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;

/**
 * From a caption to its token row and pooled window, as the LLM2CLIP reference does it.
 *
 * <p>The window is counted, not located: the text after the separator is tokenized alone, and as many positions from
 * the end of the row are pooled. So a row cut at {@code maxLength} loses its end token and its window slides left, at
 * worst over the whole row. Published vectors depend on it.
 *
 * <p>With {@link SpecialTokens#PARSED} the separator is a string within the text, as in the reference: of a caption that
 * contains it, only the piece between a first and a second one is counted, although all pieces enter the row. With
 * {@link SpecialTokens#AS_TEXT} such a caption is a caption like any other.
 *
 * @param template what surrounds the caption
 * @param maxLength the longest row in tokens, begin token included; longer rows are cut on the right
 * @param documentMaxLength captions of more tokens are shortened by whole words first; the published 8B flow has 512
 *     (never shortens), the 1B card 400
 * @param skipInstruction whether only caption and end token are pooled; otherwise the whole row is
 * @param specialTokens what becomes of special tokens in captions and instructions
 */
public record CaptionFormat(
        ChatTemplate template,
        int maxLength,
        int documentMaxLength,
        boolean skipInstruction,
        SpecialTokens specialTokens) {
    /** Stands between instruction and caption until the row is tokenized. */
    public static final String SEPARATOR = "!@#$%^&*()";

    private static final Pattern SEPARATORS = Pattern.compile(Pattern.quote(SEPARATOR));

    /**
     * What is tokenized, but for the template.
     *
     * @param instruction before the separator
     * @param caption behind it
     * @param shortened whether words of the caption are left out
     */
    private record Parts(String instruction, String caption, boolean shortened) {}

    /**
     * A caption without instruction as the model reads it.
     *
     * @param text decides the row, separator included: the key of its vector
     * @param row its tokens
     */
    public record Formatted(String text, CaptionRow row) {}

    public CaptionFormat {
        if (maxLength < 1 || documentMaxLength < 1) {
            throw new IllegalArgumentException(
                    "Maximum lengths must be positive, found %d for rows and %d for captions."
                            .formatted(maxLength, documentMaxLength));
        }
    }

    /** The published settings: rows of at most 512 tokens, no shortening, instruction and header not pooled. */
    public static CaptionFormat of(ChatTemplate template) {
        return new CaptionFormat(template, 512, 512, true, SpecialTokens.AS_TEXT);
    }

    /** The same with special tokens in captions taken so. */
    public CaptionFormat with(SpecialTokens specialTokens) {
        return new CaptionFormat(template, maxLength, documentMaxLength, skipInstruction, specialTokens);
    }

    /** The same with rows of at most {@code tokens}, where they were longer. */
    public CaptionFormat within(int tokens) {
        return new CaptionFormat(
                template, Math.min(tokens, maxLength), documentMaxLength, skipInstruction, specialTokens);
    }

    /** The text that decides the row of a caption without instruction, separator included: the key of its vector. */
    public String format(Tokenizer tokenizer, String caption) {
        return text(parts(tokenizer, "", caption));
    }

    private String text(Parts parts) {
        return template.prefix() + parts.instruction + SEPARATOR + parts.caption + template.suffix();
    }

    /** Text and row of a caption without instruction, which is shortened once for both. */
    public Formatted formatted(Tokenizer tokenizer, String caption) {
        Parts parts = parts(tokenizer, "", caption);
        return new Formatted(text(parts), row(tokenizer, parts));
    }

    /** The row of a caption without instruction. */
    public CaptionRow row(Tokenizer tokenizer, String caption) {
        return row(tokenizer, "", caption);
    }

    /**
     * The row of a caption behind an instruction.
     *
     * @param tokenizer opened with this format's {@link #specialTokens}
     * @throws IllegalArgumentException when the row would be empty: no caption, no template, no begin token
     */
    public CaptionRow row(Tokenizer tokenizer, String instruction, String caption) {
        return row(tokenizer, parts(tokenizer, instruction, caption));
    }

    private CaptionRow row(Tokenizer tokenizer, Parts parts) {
        if (tokenizer.specialTokens() != specialTokens) {
            throw new IllegalArgumentException(
                    "A tokenizer that takes special tokens as %s for a caption format that takes them as %s; open it with the format's."
                            .formatted(tokenizer.specialTokens(), specialTokens));
        }
        String before = tokenizer.template(template.prefix()) + parts.instruction;
        String document = parts.caption + tokenizer.template(template.suffix());
        List<String> pieces = switch (specialTokens) {
            case AS_TEXT -> List.of(before, document);
            case PARSED -> List.of(SEPARATORS.split(before + SEPARATOR + document, -1));
        };
        int[] whole = tokenizer.encode(String.join("", pieces), true);
        int[] ids = cut(whole);
        if (ids.length == 0) {
            throw new IllegalArgumentException(
                    "An empty caption gives an empty row: its template adds no token; leave it out or use a template.");
        }
        int counted = cut(tokenizer.encode(pieces.get(1), false)).length;
        // A window of length zero selects the whole row in the reference, since its slice starts at -0.
        boolean wholeRow = !skipInstruction || counted == 0 || counted > ids.length;
        return new CaptionRow(
                ids, wholeRow ? 0 : ids.length - counted, ids.length, parts.shortened || whole.length > ids.length);
    }

    /** The template strips what is between it: the instruction in front, or else nothing, and the caption behind. */
    private Parts parts(Tokenizer tokenizer, String instruction, String caption) {
        String before = instruction.isEmpty() ? "" : PythonText.strip(instruction) + " ";
        String written = WellFormed.text(caption);
        String shortened = shorten(tokenizer, written);
        return template.strip()
                ? new Parts(
                        PythonText.stripLeading(before),
                        PythonText.stripTrailing(shortened),
                        !shortened.equals(written))
                : new Parts(before, shortened, !shortened.equals(written));
    }

    /** Drops words from the right until the caption alone has at most {@link #documentMaxLength} tokens. */
    private String shorten(Tokenizer tokenizer, String caption) {
        if (documentMaxLength >= maxLength) {
            // Lengths are counted after the cut, so no caption can be too long.
            return caption;
        }
        String text = caption;
        int length = cut(tokenizer.encode(text, false)).length;
        while (length > documentMaxLength) {
            List<String> words = PythonText.split(text);
            text = String.join(" ", words.subList(0, (int) ((long) words.size() * documentMaxLength / length)));
            length = cut(tokenizer.encode(text, false)).length;
        }
        return text;
    }

    private int[] cut(int[] ids) {
        return ids.length <= maxLength ? ids : Arrays.copyOf(ids, maxLength);
    }
}
