package io.llm2clip.dataset;

import io.llm2clip.data.CaptionFileLines;
import io.llm2clip.data.CaptionedImage;
import io.llm2clip.data.CaptionedImages;
import io.llm2clip.data.DataDigest;
import io.llm2clip.data.DataReport;
import io.llm2clip.data.InputException;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;

/**
 * A folder of images with a {@code captions.jsonl}, as {@link CaptionedImages} describes it, of any length: a bit per line is kept, and
 * the lines are read again when they are drawn. A shard is a block of lines.
 */
public final class CaptionFolder implements ExampleSet {
    private final Path folder;
    private final CaptionFileLines lines;
    private final RecordBlocks blocks;
    private final BitSet usable;
    private final DataReport report;
    private final String digest;
    private final OffsetIndex offsets;

    private CaptionFolder(Path folder, RecordBlocks blocks, BitSet usable, DataReport report, String digest) {
        this.folder = folder;
        this.lines = CaptionFileLines.of(folder);
        this.blocks = blocks;
        this.usable = usable;
        this.report = report;
        this.digest = digest;
        this.offsets = new OffsetIndex(this::usableOffsets);
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
                folder,
                RecordBlocks.of(folder.resolve(CaptionedImages.CAPTIONS), RecordEnds.Lines::new),
                usable,
                report,
                digest.text());
    }

    @Override
    public List<String> notes() {
        return report.complete() ? List.of() : List.of(report.summary());
    }

    @Override
    public String name() {
        return folder.toString();
    }

    @Override
    public int shards() {
        return blocks.count();
    }

    @Override
    public int size(int shard) {
        return usable.get(shard * RecordBlocks.RECORDS, (shard + 1) * RecordBlocks.RECORDS)
                .cardinality();
    }

    @Override
    public Example read(int shard, int index) {
        CaptionedImage image = lines.read(blocks.record(offsets.get(shard, index)));
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

    private long[] usableOffsets(int shard) {
        return blocks.usableOffsets(shard, usable);
    }
}
