package io.llm2clip.dataset;

import io.llm2clip.data.CaptionFileLines;
import io.llm2clip.data.CaptionedImage;
import io.llm2clip.data.CaptionedImages;
import io.llm2clip.data.DataDigest;
import io.llm2clip.data.DataReport;
import io.llm2clip.data.InputException;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.Optional;

/**
 * A folder of images with a {@code captions.jsonl}, as {@link CaptionedImages} describes it, of any length: a bit per line is kept, and
 * the lines are read again when they are drawn. A shard is a block of lines.
 */
public final class CaptionFolder extends LineExamples {
    private final Path folder;
    private final CaptionFileLines images;
    private final String digest;

    private CaptionFolder(Path folder, UsableLines lines, DataReport report, String digest) {
        super(folder, lines, report);
        this.folder = folder;
        this.images = CaptionFileLines.of(folder);
        this.digest = digest;
    }

    /**
     * Looks through the lines of a folder.
     *
     * @throws InputException when the folder or its caption file is missing, empty or mostly unusable
     */
    public static CaptionFolder open(Path folder) {
        BitSet usable = new BitSet();
        DataDigest digest = DataDigest.ofImages();
        DataReport report = CaptionFileLines.scan(folder, (line, image) -> {
            usable.set(line - 1);
            digest.add(image);
        });
        return new CaptionFolder(
                folder, new UsableLines(folder.resolve(CaptionedImages.CAPTIONS), usable), report, digest.text());
    }

    @Override
    public Example read(int shard, int index) {
        CaptionedImage image = images.read(line(number(shard, index)));
        return new Example(
                image.image(),
                folder.toString(),
                Optional.of(new ExampleImage.OfFile(image.path())),
                image.captions().stream()
                        .map(text -> new Example.Caption("captions", text))
                        .toList());
    }

    @Override
    public String digest() {
        return digest;
    }
}
