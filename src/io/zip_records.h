/* zip_records.h: the records of ZIP archives (PKWARE's APPNOTE.TXT 6.3.9, section 4.3), as their
 * reader and their writer have them. */
#ifndef ORE_IO_ZIP_RECORDS_H
#define ORE_IO_ZIP_RECORDS_H

/* Bytes of the records, without the names and notes that follow them. */
enum {
    LOCAL_BYTES = 30,
    CENTRAL_BYTES = 46,
    END_BYTES = 22,
    END64_BYTES = 56,
    LOCATOR_BYTES = 20,
    EXTRA_HEAD = 4, /* of an extra field: its number and its length */
};

/* The number of the extra field with sizes of 64 bits. */
enum { EXTRA64_FIELD = 1 };

/* What each begins with. */
enum {
    LOCAL_BEGINS = 0x04034b50,
    CENTRAL_BEGINS = 0x02014b50,
    END_BEGINS = 0x06054b50,
    END64_BEGINS = 0x06064b50,
    LOCATOR_BEGINS = 0x07064b50,
};

#endif
