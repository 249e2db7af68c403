package io.llm2clip.image;

import com.drew.imaging.ImageProcessingException;
import com.drew.imaging.tiff.TiffMetadataReader;
import com.drew.lang.ByteArrayReader;
import com.drew.metadata.Metadata;
import com.drew.metadata.exif.ExifIFD0Directory;
import com.drew.metadata.exif.ExifReader;
import java.io.IOException;
import javax.imageio.stream.ImageInputStream;
import org.jspecify.annotations.Nullable;

/** The orientation in EXIF data. Data that cannot be read say nothing: the picture is fine without them. */
final class Exif {
    private static final int PNG_SIGNATURE = 8;
    private static final int PNG_EXIF = 0x65584966;
    /** No EXIF block of a camera is larger; JPEG cannot hold more than 64 KiB. */
    private static final int MAX_BYTES = 16 << 20;

    private Exif() {}

    /** The orientation in a block of EXIF data. */
    static Orientation of(byte @Nullable [] block) {
        if (block == null) {
            return Orientation.UPRIGHT;
        }
        try {
            // Some writers of WebP and PNG repeat the signature that only JPEG needs.
            boolean signed = ImageFormat.startsWith(block, 0, "Exif\0\0");
            Metadata metadata = new Metadata();
            new ExifReader().extract(new ByteArrayReader(block, signed ? 6 : 0), metadata);
            return of(metadata);
        } catch (RuntimeException e) {
            return Orientation.UPRIGHT;
        }
    }

    static Orientation ofPng(ImageBytes bytes) {
        try (ImageInputStream input = bytes.open()) {
            long at = PNG_SIGNATURE;
            while (at + 12 <= bytes.length()) {
                input.seek(at);
                long length = input.readUnsignedInt();
                int type = input.readInt();
                if (type == PNG_EXIF && length <= MAX_BYTES && length <= bytes.length() - at) {
                    byte[] block = new byte[(int) length];
                    input.readFully(block);
                    return of(block);
                }
                at += 12 + length;
            }
            return Orientation.UPRIGHT;
        } catch (IOException e) {
            return Orientation.UPRIGHT;
        }
    }

    static Orientation ofTiff(ImageBytes bytes) {
        try {
            return of(
                    switch (bytes) {
                        case ImageBytes.OnDisk disk ->
                            TiffMetadataReader.readMetadata(disk.file().toFile());
                        case ImageBytes.InMemory memory ->
                            TiffMetadataReader.readMetadata(new ByteArrayReader(memory.content()));
                    });
        } catch (IOException | ImageProcessingException | RuntimeException e) {
            return Orientation.UPRIGHT;
        }
    }

    private static Orientation of(Metadata metadata) {
        for (ExifIFD0Directory directory : metadata.getDirectoriesOfType(ExifIFD0Directory.class)) {
            Integer value = directory.getInteger(ExifIFD0Directory.TAG_ORIENTATION);
            if (value != null) {
                return Orientation.ofExif(value);
            }
        }
        return Orientation.UPRIGHT;
    }
}
